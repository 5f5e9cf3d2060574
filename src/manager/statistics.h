/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What the kernel counts of those that run, as albatross-statistics reads it. All who ask while it
 * reads share the next look; what it has found is told in slices, so that the loop goes on however
 * many unikernels there are. While nobody asks nothing of this exists.
 */

#include "manager/manager.h"
#include "statistics/wire.h"

typedef struct Statistics Statistics;

typedef struct StatisticsView {
        const Unikernel *unikernel;
        const Figures *figures;
        const StatisticsInterface *interfaces;
        size_t n_interfaces;
        const StatisticsCounter *counters; /* KVM's */
        size_t n_counters;
} StatisticsView;

typedef struct StatisticsOrder {
        Name prefix; /* all below this path, and the one of this name; empty: all */
        /* For each that runs, in the order of their names. A negative errno ends it. */
        int (*visit)(void *userdata, const StatisticsView *view);
        ManagerDone done;
        void *userdata;
} StatisticsOrder;

/* Copies @order. FAULT_STATISTICS_UNAVAILABLE when the service can't be reached, dies twice, or
 * does not answer in time. */
void manager_get_statistics(Manager *manager, const StatisticsOrder *order);

/* The name in the guest of the network behind @interface; empty: nobody knows. */
const char *statistics_device(const StatisticsView *view, const StatisticsInterface *interface);

/* Nobody is called any more. */
Statistics *statistics_free(Statistics *statistics);
