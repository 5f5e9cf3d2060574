/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What is used below a path: the sum of the shares that its unikernels and block devices take. CPUs
 * and bridges are counted one by one, so that with the last one that asked for it by name a CPU is
 * free again. Empty when zero-initialised.
 */

#include <stdint.h>

#include "domain/bridges.h"
#include "domain/cpus.h"
#include "domain/policy.h"

/* What one of them takes. A unikernel that is stopped takes nothing but its place. */
typedef struct Share {
        uint32_t n_unikernels; /* 1 for a unikernel, 0 for a block device */
        uint64_t memory_bytes;
        uint64_t block_bytes;
        Cpus cpus; /* asked for by name; empty: whichever the policies allow */
        Bridges bridges;
} Share;

typedef struct Usage {
        uint32_t n_unikernels;
        uint64_t memory_bytes;
        uint64_t block_bytes;
        /* How many ask for each CPU, by its number; those beyond the end are asked for by nobody.
         */
        uint32_t *cpu_counts;
        size_t n_cpu_counts;
        /* The same for bridges, in their order; there is room for more of them than there are. */
        Bridges bridges;
        uint32_t *bridge_counts;
        size_t bridges_room;
} Usage;

void usage_clear(Usage *usage);

/* Prepares for usage_add() of @share, which can't fail then. -ERANGE: the sums would be none. */
int usage_make_room(Usage *usage, const Share *share);
void usage_add(Usage *usage, const Share *share);
void usage_subtract(Usage *usage, const Share *share);

/* The smallest policy that allows it. Its bridges are borrowed from @usage: nothing to be freed. */
Policy usage_as_policy(const Usage *usage);
