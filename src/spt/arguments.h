/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The guest's arguments, joined with one space into the command line that it gets. They may carry
 * keys and passwords: nothing here ever repeats them in a sentence.
 */

#include <stddef.h>

#include "spt/abi.h"
#include "spt/refusal.h"

typedef struct Arguments {
        /* Without the terminator. */
        size_t length;
        char text[SPT_COMMAND_LINE_SIZE];
} Arguments;

/* Joins the strings up to NULL and, also when they are refused, wipes them where they are, so that
 * /proc/PID/cmdline shows them to nobody. */
int arguments_take(Arguments *ret, char **strings, Refusal *refusal);

/* The same from NUL-terminated strings in @fd, a regular file or memfd that stays the caller's. */
int arguments_read(Arguments *ret, int fd, Refusal *refusal);
