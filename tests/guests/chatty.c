/* SPDX-License-Identifier: ISC */

/* Prints numbered lines without end, as fast as its console takes them. */

#include "guest.h"

int guest_main(const char *arguments) {
        (void) arguments;

        for (uint64_t i = 1;; i++) {
                guest_print("Line ");
                guest_print_number(i);
                guest_print("\n");
        }
}
