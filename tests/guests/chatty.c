/* SPDX-License-Identifier: ISC */

/*
 * Prints numbered lines without end, as fast as its console takes them. Of these it obeys:
 * --burst=N (a pause after so many lines), --pause=MSEC (of so long, 100 without that) and --last=N
 * (idle after so many).
 */

#include "guest.h"

#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_HOUR 3600000000000ULL

int guest_main(const char *arguments) {
        uint64_t burst = 0, pause_msec = 100, last = 0;
        const char *word;
        size_t length;

        while ((word = guest_next_word(&arguments, &length)))
                if (!guest_number_option(word, length, "--burst=", &burst) &&
                    !guest_number_option(word, length, "--pause=", &pause_msec))
                        guest_number_option(word, length, "--last=", &last);

        for (uint64_t i = 1;; i++) {
                guest_print("Line ");
                guest_print_number(i);
                guest_print("\n");
                if (burst > 0 && i % burst == 0)
                        guest_sleep_until(guest_clock() + pause_msec * NSEC_PER_MSEC);
                while (i == last)
                        guest_sleep_until(guest_clock() + NSEC_PER_HOUR);
        }
}
