/* SPDX-License-Identifier: ISC */

/* Touches all memory from its own end on, also beyond what it has, and so dies: of the memory that
 * its host does not give it, or else of the first address that is not its own. */

#include "guest.h"

#define PAGE_SIZE 4096ULL
#define MIB       (1ULL << 20)

int guest_main(const char *arguments) {
        (void) arguments;

        for (uint64_t address = guest_boot_info->kernel_end;; address += PAGE_SIZE) {
                volatile char *byte = (volatile char *) address;

                /* Written with what it holds: our own stack is on the way. */
                *byte = *byte;
                if (address % (16 * MIB) == 0) {
                        guest_print_number(address / MIB);
                        guest_print(" MiB\n");
                }
        }
}
