/* SPDX-License-Identifier: ISC */

/* Ends badly, in the way that its argument says: "call" makes a system call that no guest may make,
 * "write" writes where nothing is, "abort" gives up as Solo5's own library does. */

#include "guest.h"

#define CALL_GETPID  39
#define STATUS_ABORT 255
#define STATUS_USAGE 64

int guest_main(const char *arguments) {
        size_t length;
        const char *word = guest_next_word(&arguments, &length);

        if (word && guest_word_is(word, length, "call")) {
                guest_call(CALL_GETPID, 0, 0, 0, 0);
                guest_print("A forbidden call returned\n");
                return 1;
        }
        if (word && guest_word_is(word, length, "write")) {
                /* By way of the assembler, so that no compiler may reason that this never
                 * happens. */
                __asm__ volatile("movb $1, (%0)" : : "r"(0UL) : "memory");
                guest_print("A wild write went through\n");
                return 1;
        }
        if (word && guest_word_is(word, length, "abort")) {
                guest_print("Solo5: ABORT: crash.c: asked to\n");
                return STATUS_ABORT;
        }
        guest_print("Usage: crash call|write|abort\n");
        return STATUS_USAGE;
}
