/* SPDX-License-Identifier: ISC */

/* Yields for ever and costs no CPU time. */

#include "guest.h"

#define NSEC_PER_HOUR 3600000000000ULL

int guest_main(const char *arguments) {
        (void) arguments;

        guest_print("Idle\n");
        for (;;)
                guest_sleep_until(guest_clock() + NSEC_PER_HOUR);
}
