/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * How far a transfer is: a line on the terminal that stderr is, drawn anew several times a second.
 * Nothing where that is no terminal.
 */

#include <stdbool.h>
#include <stdint.h>

#include "ctl/options.h"

/* How often it is worth looking how far a transfer is. */
#define PROGRESS_USEC UINT64_C(100000)

typedef struct Progress {
        bool wanted, drawn;
        uint64_t total; /* bytes; 0: not known */
        uint64_t start_usec, drawn_usec;
} Progress;

Progress progress_start(const Options *options, uint64_t total);

/* So many bytes are done by now. */
void progress_show(Progress *progress, uint64_t done);

/* Takes the line away. */
void progress_stop(Progress *progress);

/* "  42% [#########            ] 431.2M 118.0M/s 5s left", at most @width columns. */
#define PROGRESS_TEXT_MAX 255
void progress_format(char ret[static PROGRESS_TEXT_MAX + 1],
                     uint64_t done,
                     uint64_t total,
                     uint64_t elapsed_usec,
                     unsigned width);
