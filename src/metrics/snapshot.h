/* SPDX-License-Identifier: ISC */
#pragma once

/* What the daemon has told at one time: what is scraped. */

#include <stdbool.h>
#include <stddef.h>

#include "metrics/families.h"

/* One of KVM's counters, by the kernel's name for it. */
typedef struct Counter {
        char *name;
        uint64_t value;
} Counter;

typedef struct Interface {
        char *device; /* the guest's name for it */
        char *bridge; /* NULL: it is in none */
        Figures figures;
} Interface;

typedef struct Observed {
        char *name;
        char *type, *state; /* NULL: it is not in the list (any more) */
        Figures figures;
        Interface *interfaces;
        size_t n_interfaces;
        Counter *counters;
        size_t n_counters;
} Observed;

/* Zero-initialised: nothing was told. */
typedef struct Snapshot {
        bool is_up;          /* the daemon has answered */
        bool has_statistics; /* and the statistics with it */
        char why[256];       /* "" or one line: what could not be had, and why */
        Figures host, daemon;
        Observed *unikernels; /* in the order of their names, once it was sorted */
        size_t n_unikernels, n_sorted;
} Snapshot;

void snapshot_clear(Snapshot *snapshot);

/* Notes that @what could not be had, and why: @reason up to its first line end, since hints are for
 * people. What was noted first stays. */
void snapshot_complain(Snapshot *snapshot, const char *what, const char *reason);

/* The one of that name among those sorted, or a new one behind them; NULL: no memory. */
Observed *snapshot_find_or_add(Snapshot *snapshot, const char *name);
void snapshot_sort(Snapshot *snapshot);

Interface *observed_add_interface(Observed *observed);
/* The one that was added last. */
void observed_drop_interface(Observed *observed);
/* @name is copied. */
int observed_add_counter(Observed *observed, const char *name, uint64_t value);
