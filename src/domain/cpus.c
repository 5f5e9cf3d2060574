/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "domain/cpus.h"

void cpus_add(Cpus *cpus, unsigned id) {
        cpus->words[id / 64] |= UINT64_C(1) << (id % 64);
}

static int refuse_id(const char *list, const char *id, Fault *fault) {
        return fault_set(
                fault, FAULT_INVALID_ARGUMENT,
                "The CPU list \"%.100s\" has the CPU %.20s, the highest one possible is %u", list,
                id, CPUS_MAX - 1);
}

/* One id, @length bytes of @text within @list. */
static int id_parse(const char *list,
                    const char *text,
                    size_t length,
                    unsigned *ret,
                    Fault *fault) {
        char digits[21];
        uint64_t id;
        int r;

        if (length == 0 || length >= sizeof(digits))
                r = -EINVAL;
        else {
                memcpy(digits, text, length);
                digits[length] = '\0';
                r = number_parse(digits, CPUS_MAX - 1, &id);
        }
        if (r == -ERANGE)
                return refuse_id(list, digits, fault);
        if (r < 0) {
                r = fault_set(fault, FAULT_INVALID_ARGUMENT,
                              "\"%.*s\" in the CPU list \"%.100s\" is not a number",
                              (int) (length < 20 ? length : 20), text, list);
                fault_hint(fault, "Write CPUs like this: 0-3,6");
                return r;
        }

        *ret = (unsigned) id;
        return 0;
}

int cpus_parse(Cpus *ret, const char *text, Fault *fault) {
        Cpus cpus = {};
        int r;

        for (const char *item = text;;) {
                size_t length = strcspn(item, ",");
                const char *dash = memchr(item, '-', length);
                size_t first_length = dash ? (size_t) (dash - item) : length;
                unsigned first, last;

                r = id_parse(text, item, first_length, &first, fault);
                if (r < 0)
                        return r;
                last = first;
                if (dash) {
                        r = id_parse(text, dash + 1, length - first_length - 1, &last, fault);
                        if (r < 0)
                                return r;
                }
                if (last < first)
                        return fault_set(
                                fault, FAULT_INVALID_ARGUMENT,
                                "The range %u-%u in the CPU list \"%.100s\" runs backwards", first,
                                last, text);
                for (unsigned id = first; id <= last; id++)
                        cpus_add(&cpus, id);

                if (item[length] == '\0')
                        break;
                item += length + 1;
        }

        *ret = cpus;
        return 0;
}

int cpus_from_ids(Cpus *ret, const uint32_t *ids, size_t n_ids, Fault *fault) {
        Cpus cpus = {};

        if (n_ids == 0)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "The list of CPUs is empty, at least one is needed");
        for (size_t i = 0; i < n_ids; i++) {
                if (ids[i] >= CPUS_MAX)
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "There is no CPU %u, the highest one possible is %u",
                                         ids[i], CPUS_MAX - 1);
                cpus_add(&cpus, ids[i]);
        }

        *ret = cpus;
        return 0;
}

size_t cpus_to_ids(const Cpus *cpus, uint32_t ret[static CPUS_MAX]) {
        size_t n_ids = 0;

        for (unsigned id = 0; id < CPUS_MAX; id++)
                if (cpus_contains(cpus, id))
                        ret[n_ids++] = id;
        return n_ids;
}

void cpus_to_mask(const Cpus *cpus, uint8_t ret[static CPUS_MAX / 8]) {
        for (unsigned i = 0; i < CPUS_MAX / 8; i++)
                ret[i] = (uint8_t) (cpus->words[i / 8] >> (i % 8 * 8));
}

void cpus_format(const Cpus *cpus, char ret[static CPUS_TEXT_MAX + 1]) {
        const char *separator = "";
        char *end = ret;

        *end = '\0';
        for (unsigned id = 0; id < CPUS_MAX; id++) {
                unsigned first = id;

                if (!cpus_contains(cpus, id))
                        continue;
                while (cpus_contains(cpus, id + 1))
                        id++;
                end += sprintf(end, "%s%u", separator, first);
                if (id > first)
                        end += sprintf(end, "-%u", id);
                separator = ",";
        }
}

bool cpus_contains(const Cpus *cpus, unsigned id) {
        return id < CPUS_MAX && (cpus->words[id / 64] >> (id % 64)) & 1;
}

bool cpus_is_empty(const Cpus *cpus) {
        return cpus_is_subset(cpus, &(Cpus){});
}

bool cpus_equal(const Cpus *cpus, const Cpus *others) {
        return memcmp(cpus->words, others->words, sizeof(cpus->words)) == 0;
}

size_t cpus_count(const Cpus *cpus) {
        size_t n = 0;

        for (size_t i = 0; i < CPUS_MAX / 64; i++)
                n += (size_t) __builtin_popcountll(cpus->words[i]);
        return n;
}

void cpus_intersect(Cpus *cpus, const Cpus *others) {
        for (size_t i = 0; i < CPUS_MAX / 64; i++)
                cpus->words[i] &= others->words[i];
}

bool cpus_is_subset(const Cpus *cpus, const Cpus *others) {
        for (size_t i = 0; i < CPUS_MAX / 64; i++)
                if (cpus->words[i] & ~others->words[i])
                        return false;
        return true;
}
