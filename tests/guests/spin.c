/* SPDX-License-Identifier: ISC */

/* Takes all the CPU that it is given, for ever. */

#include "guest.h"

int guest_main(const char *arguments) {
        (void) arguments;

        guest_print("spinning\n");
        for (volatile uint64_t turns = 0;; turns++)
                ;
}
