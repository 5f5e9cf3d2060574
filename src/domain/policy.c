/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain/policy.h"

#define MIB_MASK ((1ULL << 20) - 1)

int policy_copy(Policy *ret, const Policy *policy) {
        Policy copy = *policy;
        int r;

        r = bridges_copy(&copy.bridges, &policy->bridges);
        if (r < 0)
                return r;
        r = owners_copy(&copy.owners, &policy->owners);
        if (r < 0) {
                bridges_clear(&copy.bridges);
                return r;
        }
        *ret = copy;
        return 0;
}

void policy_clear(Policy *policy) {
        bridges_clear(&policy->bridges);
        owners_clear(&policy->owners);
        *policy = (Policy){};
}

int policy_check(const Policy *policy, Fault *fault) {
        if (policy->n_unikernels == 0)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "0 unikernels are too few, a policy allows at least 1");
        if (policy->memory_bytes & MIB_MASK)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%" PRIu64 " bytes of memory are not a multiple of 1 MiB",
                                 policy->memory_bytes);
        if (policy->memory_bytes < POLICY_MEMORY_MIN)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%" PRIu64
                                 " MiB of memory are too few, a policy allows more than 16 MiB",
                                 policy->memory_bytes >> 20);
        if (cpus_is_empty(&policy->cpus))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "No CPU is too few, a policy allows at least 1");
        if (policy->allows_block && policy->block_bytes & MIB_MASK)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%" PRIu64 " bytes of block storage are not a multiple of 1 MiB",
                                 policy->block_bytes);
        if (policy->bridges.n > POLICY_BRIDGES_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%zu bridges are too many, a policy names at most %u",
                                 policy->bridges.n, POLICY_BRIDGES_MAX);
        if (policy->owners.n > POLICY_OWNERS_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%zu owners are too many, a policy has at most %u",
                                 policy->owners.n, POLICY_OWNERS_MAX);
        return 0;
}

bool policy_field_equal(const Policy *policy, const Policy *other, PolicyField field) {
        switch (field) {
        case POLICY_UNIKERNELS:
                return policy->n_unikernels == other->n_unikernels;
        case POLICY_MEMORY:
                return policy->memory_bytes == other->memory_bytes;
        case POLICY_CPUS:
                return cpus_equal(&policy->cpus, &other->cpus);
        case POLICY_BRIDGES:
                return bridges_equal(&policy->bridges, &other->bridges);
        case POLICY_BLOCK:
                if (!policy->allows_block || !other->allows_block)
                        return policy->allows_block == other->allows_block;
                return policy->block_bytes == other->block_bytes;
        case POLICY_OWNERS:
                return owners_equal(&policy->owners, &other->owners);
        case POLICY_N_FIELDS:
                break;
        }
        assert(false);
        return false;
}

bool policy_field_fits(const Policy *policy, const Policy *larger, PolicyField field) {
        switch (field) {
        case POLICY_UNIKERNELS:
                return policy->n_unikernels <= larger->n_unikernels;
        case POLICY_MEMORY:
                return policy->memory_bytes <= larger->memory_bytes;
        case POLICY_CPUS:
                return cpus_is_subset(&policy->cpus, &larger->cpus);
        case POLICY_BRIDGES:
                return !bridges_missing_in(&policy->bridges, &larger->bridges);
        case POLICY_BLOCK:
                if (!policy->allows_block)
                        return true;
                return larger->allows_block && policy->block_bytes <= larger->block_bytes;
        case POLICY_OWNERS:
                return true;
        case POLICY_N_FIELDS:
                break;
        }
        assert(false);
        return false;
}

static void format_bridges(const Bridges *bridges, char ret[static POLICY_FIELD_TEXT_MAX + 1]) {
        if (bridges->n == 0)
                strcpy(ret, "no bridges");
        else {
                char *end = stpcpy(ret, bridges->n == 1 ? "the bridge " : "the bridges ");

                bridges_format(bridges, end, POLICY_FIELD_TEXT_MAX + 1 - (size_t) (end - ret));
        }
}

static void format_cpus(const Cpus *cpus, char ret[static POLICY_FIELD_TEXT_MAX + 1]) {
        char text[CPUS_TEXT_MAX + 1];

        cpus_format(cpus, text);
        if (text[0] == '\0')
                strcpy(ret, "no CPUs");
        else
                snprintf(ret, POLICY_FIELD_TEXT_MAX + 1, "the CPU%s %.100s%s",
                         text[strspn(text, "0123456789")] ? "s" : "", text,
                         strlen(text) > 100 ? "..." : "");
}

void policy_field_format(const Policy *policy,
                         PolicyField field,
                         char ret[static POLICY_FIELD_TEXT_MAX + 1]) {
        size_t size = POLICY_FIELD_TEXT_MAX + 1;

        ret[0] = '\0';
        switch (field) {
        case POLICY_UNIKERNELS:
                snprintf(ret, size, "%" PRIu32 " unikernel%s", policy->n_unikernels,
                         policy->n_unikernels == 1 ? "" : "s");
                break;
        case POLICY_MEMORY:
                snprintf(ret, size, "%" PRIu64 " MiB of memory", policy->memory_bytes >> 20);
                break;
        case POLICY_CPUS:
                format_cpus(&policy->cpus, ret);
                break;
        case POLICY_BRIDGES:
                format_bridges(&policy->bridges, ret);
                break;
        case POLICY_BLOCK:
                if (policy->allows_block)
                        snprintf(ret, size, "%" PRIu64 " MiB of block storage",
                                 policy->block_bytes >> 20);
                else
                        strcpy(ret, "no block devices");
                break;
        case POLICY_OWNERS:
        case POLICY_N_FIELDS:
                assert(false);
        }
}
