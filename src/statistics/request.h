/* SPDX-License-Identifier: ISC */
#pragma once

/* What is to be looked at, as the daemon says it. */

#include <stddef.h>

#include "statistics/wire.h"

typedef struct Target {
        const StatisticsTarget *wire;
        const char *group;
        const StatisticsTap *taps;
} Target;

/* Checks all of the @size bytes at @data, which are aligned for the structures in it, and in which
 * there are to be @n targets. The caller owns *@ret, which points into @data. -EBADMSG. */
int request_read(Target **ret, const void *data, size_t size, uint32_t n);
