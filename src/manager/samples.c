/* SPDX-License-Identifier: ISC */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "manager/samples.h"

/* --- what is asked --- */

void sample_targets_clear(SampleTargets *targets) {
        free(targets->targets);
        free(targets->request);
        *targets = (SampleTargets){};
}

/* Room for one more target with @size bytes of request. */
static int grow(SampleTargets *targets, size_t size) {
        if (targets->n == targets->n_allocated) {
                size_t n = targets->n_allocated ? targets->n_allocated * 2 : 64;
                SampleTarget *larger = reallocarray(targets->targets, n, sizeof(*larger));

                if (!larger)
                        return -ENOMEM;
                targets->targets = larger;
                targets->n_allocated = n;
        }
        if (targets->request_size + size > targets->request_allocated) {
                size_t allocated = targets->request_allocated * 2 + size;
                char *larger = realloc(targets->request, allocated);

                if (!larger)
                        return -ENOMEM;
                targets->request = larger;
                targets->request_allocated = allocated;
        }
        return 0;
}

int sample_targets_add(SampleTargets *targets, const Unikernel *unikernel) {
        const Run *run = unikernel->run;
        char group[STATISTICS_GROUP_MAX + 1] = {};
        StatisticsTarget wire = {.pid = (uint32_t) run->pid, .start_ticks = run->start_ticks};
        char *end;
        int r;

        unikernel_control_group(unikernel, group);
        wire.group_size = (uint16_t) ((strlen(group) + 8) / 8 * 8);
        wire.n_taps = (uint16_t) MIN_OF(run->n_taps, STATISTICS_TAPS_MAX);
        if (targets->n == STATISTICS_TARGETS_MAX)
                return -E2BIG;
        r = grow(targets, sizeof(wire) + wire.group_size + wire.n_taps * sizeof(StatisticsTap));
        if (r < 0)
                return r;

        end = targets->request + targets->request_size;
        end = mempcpy(end, &wire, sizeof(wire));
        end = mempcpy(end, group, wire.group_size);
        for (size_t i = 0; i < wire.n_taps; i++) {
                StatisticsTap tap = {};

                strcpy(tap.text, run->taps[i].text);
                end = mempcpy(end, &tap, sizeof(tap));
        }
        targets->request_size = (size_t) (end - targets->request);
        targets->targets[targets->n++] = (SampleTarget){
                .name = unikernel->name,
                .pid = wire.pid,
                .n_taps = wire.n_taps,
                .start_ticks = wire.start_ticks,
        };
        return 0;
}

/* --- what is answered --- */

void samples_clear(Samples *samples) {
        if (samples->data)
                munmap(samples->data, samples->size);
        free(samples->samples);
        *samples = (Samples){};
}

/* No figure that there is not, and each as its type can be. */
static bool figures_are_valid(uint64_t present,
                              const uint64_t *values,
                              const FigureInfo *infos,
                              size_t n_infos) {
        if (n_infos < 64 && present >> n_infos)
                return false;
        for (size_t i = 0; i < n_infos; i++) {
                if (!(present >> i & 1))
                        continue;
                if (infos[i].type == 'u' && values[i] > UINT32_MAX)
                        return false;
                if (infos[i].type == 'd' &&
                    (!isfinite(figure_to_double(values[i])) || figure_to_double(values[i]) < 0))
                        return false;
        }
        return true;
}

static bool text_is_valid(const char *text, size_t size, bool may_be_empty) {
        size_t length = strnlen(text, size);

        if (length == size || (length == 0 && !may_be_empty))
                return false;
        for (size_t i = 0; i < length; i++)
                if (!isgraph((unsigned char) text[i]))
                        return false;
        return true;
}

static bool interfaces_are_valid(const StatisticsInterface *interfaces, size_t n, size_t n_taps) {
        for (size_t i = 0; i < n; i++) {
                const StatisticsInterface *interface = &interfaces[i];

                if (interface->tap >= n_taps || (i > 0 && interface->tap <= interface[-1].tap) ||
                    !text_is_valid(interface->name, sizeof(interface->name), false) ||
                    !text_is_valid(interface->bridge, sizeof(interface->bridge), true) ||
                    !figures_are_valid(interface->present, interface->values,
                                       interface_figure_infos, N_INTERFACE_STATISTICS))
                        return false;
        }
        return true;
}

static bool counters_are_valid(const StatisticsCounter *counters, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!text_is_valid(counters[i].name, sizeof(counters[i].name), false))
                        return false;
        return n <= STATISTICS_COUNTERS_MAX;
}

/* Returns how many bytes it takes. */
static ssize_t sample_read(Sample *ret,
                           const SampleTargets *targets,
                           uint32_t first_target,
                           const char *data,
                           size_t size) {
        const StatisticsSample *wire = (const void *) data;
        Sample sample = {.wire = wire};
        size_t needed = sizeof(*wire);

        if (size < needed || wire->target < first_target || wire->target >= targets->n)
                return -EBADMSG;
        sample.interfaces = (const void *) (data + needed);
        needed += wire->n_interfaces * sizeof(*sample.interfaces);
        sample.counters = (const void *) (data + needed);
        needed += wire->n_counters * sizeof(*sample.counters);
        if (size < needed ||
            !figures_are_valid(wire->figures.present, wire->figures.values, figure_infos,
                               N_STATISTICS) ||
            !interfaces_are_valid(sample.interfaces, wire->n_interfaces,
                                  targets->targets[wire->target].n_taps) ||
            !counters_are_valid(sample.counters, wire->n_counters))
                return -EBADMSG;
        *ret = sample;
        return (ssize_t) needed;
}

int samples_read(Samples *ret,
                 const SampleTargets *targets,
                 uint32_t n,
                 const void *data,
                 size_t size) {
        _cleanup_(freep) Sample *samples = NULL;
        const char *rest = data;
        uint32_t first_target = 0;

        if (n > targets->n)
                return -EBADMSG;
        samples = calloc(n + 1U, sizeof(*samples));
        if (!samples)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                ssize_t taken = sample_read(&samples[i], targets, first_target, rest, size);

                if (taken < 0)
                        return (int) taken;
                first_target = samples[i].wire->target + 1;
                rest += taken;
                size -= (size_t) taken;
        }
        if (size > 0)
                return -EBADMSG;
        ret->samples = TAKE_PTR(samples);
        ret->n = n;
        return 0;
}

int samples_open(Samples *ret, const SampleTargets *targets, uint32_t n, int fd) {
        const int wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        int seals = fcntl(fd, F_GET_SEALS);
        Samples samples = {};
        struct stat status;
        int r;

        if (seals < 0 || (seals & wanted) != wanted || fstat(fd, &status) < 0 ||
            status.st_size < 0 || status.st_size > (off_t) STATISTICS_SIZE_MAX)
                return -EBADMSG;
        if (status.st_size > 0) {
                samples.size = (size_t) status.st_size;
                samples.data = mmap(NULL, samples.size, PROT_READ, MAP_SHARED, fd, 0);
                if (samples.data == MAP_FAILED)
                        return -errno;
        }
        r = samples_read(&samples, targets, n, samples.data, samples.size);
        if (r < 0)
                samples_clear(&samples);
        else
                *ret = samples;
        return r;
}
