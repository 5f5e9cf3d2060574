/* SPDX-License-Identifier: ISC */
#pragma once

/* One look at all processes that somebody wants to know about. */

#include "network/netlink.h"
#include "statistics/reply.h"
#include "statistics/request.h"

typedef struct Sweep {
        Netlink route, generic;
        uint64_t ticks; /* per second */
        int proc_fd, cgroup_fd;
} Sweep;

int sweep_open(Sweep *sweep);

/* Adds a sample for each of the @n targets that is still there. */
int sweep_run(Sweep *sweep, const Target *targets, uint32_t n, Reply *reply);
