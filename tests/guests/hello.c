/* SPDX-License-Identifier: ISC */

/*
 * Prints its arguments, all of them, one a line, or a greeting where there are none. Of these it
 * obeys: --clock (first of all print the clock at the entry), --sleep=SECONDS (wait after printing)
 * and --exit=N (end with this status).
 */

#include "guest.h"

#define NSEC_PER_SEC 1000000000ULL

int guest_main(const char *arguments) {
        uint64_t sleep_sec = 0, status = 0;
        const char *word, *rest;
        size_t length;

        rest = arguments;
        while ((word = guest_next_word(&rest, &length)))
                if (guest_word_is(word, length, "--clock")) {
                        guest_print_number(guest_entry_nsec);
                        guest_print("\n");
                }

        rest = arguments;
        word = guest_next_word(&rest, &length);
        if (!word)
                guest_print("Hello, Albatross!\n");
        for (; word; word = guest_next_word(&rest, &length)) {
                guest_print_bytes(word, length);
                guest_print("\n");
                if (!guest_number_option(word, length, "--sleep=", &sleep_sec))
                        guest_number_option(word, length, "--exit=", &status);
        }

        if (sleep_sec > 0)
                guest_sleep_until(guest_clock() + sleep_sec * NSEC_PER_SEC);
        return (int) status;
}
