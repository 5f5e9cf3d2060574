/* SPDX-License-Identifier: ISC */

/* What albatross-statistics answers, should it have been taken over. The first byte is how many
 * samples it says that there are, of those of three unikernels with none, one and two taps. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "manager/samples.h"

static bool text_ends(const char *text, size_t size) {
        return memchr(text, '\0', size);
}

static void check_sample(const Sample *sample, const SampleTarget *target) {
        property(!(sample->wire->figures.present >> N_STATISTICS), "there are no other figures");
        property(sample->wire->n_interfaces <= target->n_taps, "each interface is a tap");
        for (size_t i = 0; i < sample->wire->n_interfaces; i++) {
                const StatisticsInterface *interface = &sample->interfaces[i];

                property(interface->tap < target->n_taps, "each tap is one that was asked about");
                property(text_ends(interface->name, sizeof(interface->name)) &&
                                 text_ends(interface->bridge, sizeof(interface->bridge)),
                         "names of interfaces are terminated");
        }
        for (size_t i = 0; i < sample->wire->n_counters; i++)
                property(text_ends(sample->counters[i].name, sizeof(sample->counters[i].name)),
                         "names of counters are terminated");
}

bool fuzz_input(const uint8_t *data, size_t size) {
        SampleTarget three[] = {{.n_taps = 0}, {.n_taps = 1}, {.n_taps = 2}};
        const SampleTargets targets = {.targets = three, .n = N_ELEMENTS(three)};
        _cleanup_(samples_clear) Samples samples = {};
        Bytes bytes = {data, size};
        uint32_t n = bytes_take(&bytes);
        _cleanup_(freep) void *copy = fuzz_copy(bytes.data, bytes.size);
        int r;

        r = samples_read(&samples, &targets, n, copy, bytes.size);
        if (r < 0) {
                property(r == -EBADMSG && !samples.samples, "an answer is refused in one way");
                return false;
        }
        property(samples.n == n, "all samples are there");
        for (size_t i = 0; i < samples.n; i++) {
                property(i == 0 || samples.samples[i].wire->target >
                                           samples.samples[i - 1].wire->target,
                         "of each there is one");
                check_sample(&samples.samples[i], &three[samples.samples[i].wire->target]);
        }
        return true;
}
