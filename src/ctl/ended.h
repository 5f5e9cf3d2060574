/* SPDX-License-Identifier: ISC */
#pragma once

/* How a unikernel ended, as the bus says it: for exit statuses and in words. */

#include <stddef.h>

#define ENDED_OWN_FAILURE 125
#define ENDED_WORDS_MAX   95

/* The status that albatrossctl exits with in its place: its own, 128 and the signal for one, as a
 * shell has it. Also for one that was stopped; ENDED_OWN_FAILURE where nobody knows. */
int ended_exit_status(const char *result, int status);

/* "exited with status 64 (its arguments were not understood)"; "" for the result "". */
void ended_words(const char *result, int status, char ret[static ENDED_WORDS_MAX + 1]);
