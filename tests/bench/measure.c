/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "measure.h"

uint64_t measure_now(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * 1000000000U + (uint64_t) now.tv_nsec;
}

void series_add(Series *series, uint64_t nsec) {
        if (series->n < SERIES_MAX)
                series->nsec[series->n++] = nsec;
}

static int compare(const void *a, const void *b) {
        uint64_t left = *(const uint64_t *) a, right = *(const uint64_t *) b;

        return (left > right) - (left < right);
}

uint64_t series_median(Series *series) {
        if (series->n == 0)
                return 0;
        qsort(series->nsec, series->n, sizeof(*series->nsec), compare);
        return series->nsec[series->n / 2];
}

void series_print(Series *series) {
        uint64_t median = series_median(series);

        if (series->n == 0)
                return;
        printf("%-44s %8.2f %8.2f %8.2f ms\n", series->name, (double) series->nsec[0] / 1e6,
               (double) median / 1e6, (double) series->nsec[series->n - 1] / 1e6);
}

void series_print_ratio(Series *a, Series *b, double target) {
        double ratio = (double) series_median(a) / (double) series_median(b);

        printf("%s / %s: %.2f", a->name, b->name, ratio);
        if (target > 0)
                printf(" (target: at most %.2f, %s)", target, ratio <= target ? "met" : "missed");
        putchar('\n');
}

void measure_check(int r, const char *what) {
        if (r >= 0)
                return;
        fprintf(stderr, "%s: %s\n", what, strerror(-r));
        exit(EXIT_FAILURE);
}
