/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What the kernel's files say. All of these take text of any kind; a figure that is not written
 * there as the kernel writes it is as one that is not there.
 */

#include <stdbool.h>

#include "statistics/wire.h"

static inline void figures_set(Figures *figures, Statistic figure, uint64_t value) {
        figures->present |= UINT64_C(1) << figure;
        figures->values[figure] = value;
}

static inline bool figures_have(const Figures *figures, Statistic figure) {
        return figures->present >> figure & 1;
}

typedef struct ProcessStat {
        char state;
        uint64_t start_ticks;
} ProcessStat;

/* /proc/PID/stat, whose second field is whatever the process calls itself, line ends and brackets
 * too. @ticks: so many are a second. -EBADMSG, and nothing is taken, when it is no such file. */
int parse_stat(const char *text, uint64_t ticks, Figures *figures, ProcessStat *ret);

/* Takes all figures of the table that are from @source, another file than that. */
void parse_file(FigureSource source, const char *text, Figures *figures);
