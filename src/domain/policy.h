/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What the unikernels and block devices below a path may use together, and to whom the path is
 * delegated. What the machine has is a policy, too: the root's, which nobody sets.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/bridges.h"
#include "domain/cpus.h"
#include "domain/fault.h"
#include "domain/owners.h"

#define POLICY_MEMORY_MIN  (17ULL << 20) /* bytes: more than 16 MiB */
#define POLICY_BRIDGES_MAX 256U
#define POLICY_OWNERS_MAX  64U
#define POLICY_BELOW_MAX   1000U /* policies below one */

typedef struct Policy {
        uint32_t n_unikernels; /* records, running or not */
        bool allows_block;
        uint64_t memory_bytes; /* of those that are not stopped */
        uint64_t block_bytes;  /* 0 where none is allowed */
        Cpus cpus;
        Bridges bridges;
        Owners owners;
} Policy;

/* In the order in which they are looked at. */
typedef enum PolicyField {
        POLICY_UNIKERNELS,
        POLICY_MEMORY,
        POLICY_CPUS,
        POLICY_BRIDGES,
        POLICY_BLOCK,
        POLICY_OWNERS,
        POLICY_N_FIELDS,
} PolicyField;

/* @ret becomes a policy of its own. */
int policy_copy(Policy *ret, const Policy *policy);
void policy_clear(Policy *policy);

/* Is it one that could be set: usable, in whole MiB, within the bounds above? */
int policy_check(const Policy *policy, Fault *fault);

bool policy_field_equal(const Policy *policy, const Policy *other, PolicyField field);

/* Does @larger allow all that @policy allows? Owners are no limit: they always fit. */
bool policy_field_fits(const Policy *policy, const Policy *larger, PolicyField field);

/* "4 unikernels", "256 MiB of memory", "the CPUs 0-1", "the bridges br0,br1", "no bridges", "512
 * MiB of block storage", "no block devices"; a long list is cut. Not for owners. */
#define POLICY_FIELD_TEXT_MAX 119
void policy_field_format(const Policy *policy,
                         PolicyField field,
                         char ret[static POLICY_FIELD_TEXT_MAX + 1]);
