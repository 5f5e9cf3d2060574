/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The last ends of a unikernel, the newest first: how, how often in a row, when first and last.
 * Ends that are equal and follow each other are one entry, so that a loop of crashes leaves room
 * for what was before it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/exit.h"

#define HISTORY_MAX 8U

typedef struct HistoryEntry {
        ExitResult result;
        int status;
        uint32_t n_times;
        uint64_t first_usec, last_usec; /* UTC */
} HistoryEntry;

/* Empty when zero-initialised. */
typedef struct History {
        HistoryEntry entries[HISTORY_MAX];
        size_t n_entries;
} History;

/* The oldest entry makes room where that is needed. An end that there was not (EXIT_NONE) is none.
 */
void history_add(History *history, Exit exit);

/* Is it one that can have come about? For those that were read from somewhere. */
bool history_is_valid(const History *history);
