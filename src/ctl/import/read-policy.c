/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/import/read.h"

int read_broken(const char *field, Fault *fault) {
        return fault_set(fault, FAULT_INVALID_CONTENT, "Its %s can't be read",
                         strncmp(field, "value.", 6) == 0 ? field + 6 : field);
}

int read_mib(const Fields *fields, const char *name, uint64_t *ret, Fault *fault) {
        int64_t mib;
        int r;

        r = fields_number(fields, name, &mib);
        if (r <= 0)
                return read_broken(name, fault);
        if (mib < 0 || mib > INT64_MAX >> 20)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%" PRId64 " MiB of %s are not possible", mib,
                                 strchr(name, '.') + 1);
        *ret = (uint64_t) mib << 20;
        return 0;
}

int read_cpus(const Fields *fields, const char *name, Cpus *ret, Fault *fault) {
        size_t n = fields_count(fields, name);
        char element[FIELD_NAME_MAX + 1];
        Cpus cpus = {};

        /* To find the last of many takes as many steps, so more than there can be are not read. */
        if (n > CPUS_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "It has %zu CPUs", n);
        for (size_t i = 0; i < n; i++) {
                int64_t id;
                int r;

                fields_element(name, i, NULL, element);
                r = fields_number(fields, element, &id);
                if (r <= 0)
                        return read_broken(name, fault);
                if (id < 0 || id >= CPUS_MAX)
                        return fault_set(fault, FAULT_INVALID_ARGUMENT, "There is no CPU %" PRId64,
                                         id);
                cpus_add(&cpus, (unsigned) id);
        }

        *ret = cpus;
        return 0;
}

static int read_bridges(const Fields *fields, Bridges *bridges, Fault *fault) {
        size_t n = fields_count(fields, "value.bridges");
        char element[FIELD_NAME_MAX + 1];

        if (n > POLICY_BRIDGES_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "It has %zu bridges, at most %u are possible", n,
                                 POLICY_BRIDGES_MAX);
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *bridge = NULL;
                int r;

                fields_element("value.bridges", i, NULL, element);
                r = fields_text(fields, element, &bridge);
                if (r == -ENOMEM)
                        return r;
                if (r <= 0)
                        return read_broken("bridges", fault);
                r = bridges_add(bridges, bridge, fault);
                if (r < 0)
                        return r;
        }
        return 0;
}

int read_policy(Item *item, const Fields *fields, Fault *fault) {
        Policy *policy = &item->policy;
        int64_t n_unikernels, block;
        int r;

        r = path_parse(&item->name, item->original, fault);
        if (r < 0)
                return r;
        if (!item->name.text[0])
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "What may be used at the root is what the machine has, no policy "
                                 "can be set for it");

        if (fields_number(fields, "value.unikernels", &n_unikernels) <= 0)
                return read_broken("unikernels", fault);
        if (n_unikernels < 0 || n_unikernels > UINT32_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%" PRId64 " unikernels are not possible", n_unikernels);
        policy->n_unikernels = (uint32_t) n_unikernels;

        r = read_mib(fields, "value.memory", &policy->memory_bytes, fault);
        if (r < 0)
                return r;
        r = read_cpus(fields, "value.cpus", &policy->cpus, fault);
        if (r < 0)
                return r;
        r = fields_number(fields, "value.block", &block);
        if (r < 0)
                return read_broken("block", fault);
        policy->allows_block = r > 0;
        if (policy->allows_block) {
                r = read_mib(fields, "value.block", &policy->block_bytes, fault);
                if (r < 0)
                        return r;
        }
        r = read_bridges(fields, &policy->bridges, fault);
        if (r < 0)
                return r;
        return policy_check(policy, fault);
}
