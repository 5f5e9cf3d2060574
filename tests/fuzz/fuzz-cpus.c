/* SPDX-License-Identifier: ISC */

/* Sets of CPUs, as text and as ids. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "domain/cpus.h"
#include "fuzz.h"

static const Cpus untouched = {.words = {42, 7}};

static bool is_equal(const Cpus *cpus, const Cpus *others) {
        return memcmp(cpus, others, sizeof(*cpus)) == 0;
}

static void check(const Cpus *cpus) {
        char *text = malloc(CPUS_TEXT_MAX + 1);
        uint32_t ids[CPUS_MAX];
        size_t n_ids;
        Cpus again;

        cpus_format(cpus, text);
        property(cpus_parse(&again, text, NULL) == 0 && is_equal(&again, cpus),
                 "a set that was written down is read as the same");
        n_ids = cpus_to_ids(cpus, ids);
        property(n_ids > 0 && !cpus_is_empty(cpus), "a set that is accepted is not empty");
        property(cpus_from_ids(&again, ids, n_ids, NULL) == 0 && is_equal(&again, cpus),
                 "the ids of a set make the same set");
        property(cpus_is_subset(cpus, &again), "a set is part of itself");
        free(text);
}

static void check_ids(const uint8_t *data, size_t size) {
        _cleanup_(freep) uint32_t *ids = fuzz_copy(data, size / 4 * 4);
        Cpus cpus = untouched;
        Fault fault = {};
        int r;

        r = cpus_from_ids(&cpus, ids, size / 4, &fault);
        if (r >= 0) {
                check(&cpus);
                return;
        }
        property_refusal(r, &fault);
        property(is_equal(&cpus, &untouched), "refused ids leave no trace");
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        Cpus cpus = untouched;
        Fault fault = {};
        int r;

        check_ids(data, size);
        r = cpus_parse(&cpus, text, &fault);
        if (r < 0) {
                property_refusal(r, &fault);
                property(is_equal(&cpus, &untouched), "a refused set leaves no trace");
                return false;
        }
        check(&cpus);
        return true;
}
