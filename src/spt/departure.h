/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The tender's last act. A guest needs nothing of the program that loaded it, so that program
 * leaves the process: its text, data, heap and stack are unmapped, and what stays beside the
 * guest's memory is one page of code, shared by all tenders, and the page that shows our command
 * line to ps. It saves each instance most of its memory, and leaves a hostile guest nothing to look
 * at.
 */

#include <stdint.h>
#include <stdnoreturn.h>

#include "spt/sandbox.h"

typedef struct Departure {
        uint64_t mem_size;
        uint64_t entry;
        const Sandbox *sandbox;
        /* Where of our own memory, up to the end of the stack, is to stay. */
        const char *kept_start;
} Departure;

/* Leaves, puts the filter into force and enters the guest. A filter that the kernel does not take
 * ends the process with status 1. */
noreturn void departure(const Departure *departure);
