/* SPDX-License-Identifier: ISC */

/*
 * Prints numbered lines without end, as fast as its console takes them. Of these it obeys:
 * --burst=N (a pause after so many lines), --pause=MSEC (of so long, 100 without that), --last=N
 * (idle after so many), --width=N (each has so many bytes behind its number that are no text) and
 * --endless (none of them ends).
 */

#include "guest.h"

#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_HOUR 3600000000000ULL

static void print_bytes(uint64_t n_bytes) {
        static const char bytes[] = "\xff\xfe\x80\x1b\x01\xc3";

        for (uint64_t size; n_bytes > 0; n_bytes -= size) {
                size = n_bytes < sizeof(bytes) - 1 ? n_bytes : sizeof(bytes) - 1;
                guest_print_bytes(bytes, size);
        }
}

int guest_main(const char *arguments) {
        uint64_t burst = 0, pause_msec = 100, last = 0, width = 0;
        bool endless = false;
        const char *word;
        size_t length;

        while ((word = guest_next_word(&arguments, &length)))
                if (!guest_number_option(word, length, "--burst=", &burst) &&
                    !guest_number_option(word, length, "--pause=", &pause_msec) &&
                    !guest_number_option(word, length, "--last=", &last) &&
                    !guest_number_option(word, length, "--width=", &width))
                        endless = endless || guest_word_is(word, length, "--endless");

        for (uint64_t i = 1;; i++) {
                guest_print("Line ");
                guest_print_number(i);
                print_bytes(width);
                guest_print(endless ? "" : "\n");
                if (burst > 0 && i % burst == 0)
                        guest_sleep_until(guest_clock() + pause_msec * NSEC_PER_MSEC);
                while (i == last)
                        guest_sleep_until(guest_clock() + NSEC_PER_HOUR);
        }
}
