/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What unikernels cost while one looks at them: two samples of what the kernel has counted become
 * rates, rates of unikernels become those of the paths that they are in, and all of it is sorted.
 * Nothing here asks anybody. What the kernel has not counted is unknown, and not 0.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/name.h"

typedef enum Figure {
        FIGURE_CPU,      /* counted in microseconds, shown as percent of one CPU */
        FIGURE_MEMORY,   /* bytes: the one that is no counter */
        FIGURE_RECEIVED, /* bytes by the guest, and per second; so are the others */
        FIGURE_SENT,
        FIGURE_READ,
        FIGURE_WRITTEN,
        N_FIGURES,
} Figure;

/* Is it there? */
#define FIGURE_BIT(figure) (1U << (figure))

/* What one unikernel has used up to a moment. */
typedef struct Sample {
        char name[NAME_MAX_LENGTH + 1];
        uint64_t usec, start_usec; /* when it was taken, when that run began */
        uint64_t values[N_FIGURES];
        unsigned known;
} Sample;

typedef struct Samples {
        Sample *items;
        size_t n_items, n_allocated;
} Samples;

/* One line: a unikernel, or a path. */
typedef struct Rates {
        char name[NAME_MAX_LENGTH + 1];
        size_t n_unikernels;
        double values[N_FIGURES];
        unsigned known;
} Rates;

typedef struct Table {
        Rates *rows;
        size_t n_rows;
} Table;

/* A new one at the end, which is zeros; NULL when memory ran out. */
Sample *samples_add(Samples *samples);

/* By name, as rates_compute() wants them. */
void samples_sort(Samples *samples);

void samples_done(Samples *samples);

/* How much it was from @before to @now, per second. What has started in between counts from then.
 * Without @before (NULL), what is a rate is not known. The caller gives *@ret back by table_done().
 */
int rates_compute(Table *ret, const Samples *before, const Samples *now);

/* Makes *@sum what it and @row are together. */
void rates_add(Rates *sum, const Rates *row);

/* For each path with something in @unikernels below it, the root included, what that is together:
 * known where it is known of one of them. */
int rates_by_path(Table *ret, const Table *unikernels);

/* Largest first, names from the first on; @reverse turns that round. What is not known is last in
 * any case, and what is equal is in the order of names. @key may be N_FIGURES: the name. */
void rates_sort(Table *table, Figure key, bool reverse);

void table_done(Table *table);

/* "name", "cpu", "memory", "received", "sent", "read", "written": what to sort by. N_FIGURES is the
 * name. -EINVAL. */
int figure_from_string(Figure *ret, const char *text);
const char *figure_to_string(Figure figure);
