/* SPDX-License-Identifier: ISC */

/* Has 5 MiB of constants and looks at all of them, then idles: what instances of it share shows. */

#include "guest.h"

#define BULK_SIZE     (5U << 20)
#define PAGE_SIZE     4096U
#define NSEC_PER_HOUR 3600000000000ULL

/* One value that is not zero makes it constants of the image, rather than memory to be cleared. */
static const volatile uint8_t bulk[BULK_SIZE] = {1};

int guest_main(const char *arguments) {
        uint64_t sum = 0;

        (void) arguments;

        for (size_t i = 0; i < BULK_SIZE; i += PAGE_SIZE)
                sum += bulk[i];
        guest_print_number(sum);
        guest_print("\n");
        for (;;)
                guest_sleep_until(guest_clock() + NSEC_PER_HOUR);
}
