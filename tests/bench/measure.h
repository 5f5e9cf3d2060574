/* SPDX-License-Identifier: ISC */
#pragma once

/* Series of times, their medians, and the ratios that are all one may quote on a noisy machine. */

#include <stddef.h>
#include <stdint.h>

#define SERIES_MAX 4096

typedef struct Series {
        const char *name;
        size_t n;
        uint64_t nsec[SERIES_MAX];
} Series;

/* CLOCK_MONOTONIC in nanoseconds: the clock that a guest reads, too. */
uint64_t measure_now(void);

void series_add(Series *series, uint64_t nsec);
uint64_t series_median(Series *series);

/* "name   minimum  median  maximum" in milliseconds. */
void series_print(Series *series);

/* "a / b   ratio   (target)" of the medians; @target 0 is left out. */
void series_print_ratio(Series *a, Series *b, double target);

/* Ends the program with a message: a bench that goes on with a failure measures nothing. */
void measure_check(int r, const char *what);
