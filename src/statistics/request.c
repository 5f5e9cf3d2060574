/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "statistics/request.h"

/* A path that leads nowhere but down, with its end inside of its bytes. */
static bool group_is_valid(const char *group, size_t size) {
        return size > 1 && size % 8 == 0 && size <= STATISTICS_GROUP_MAX + 1 && group[0] == '/' &&
               group[size - 1] == '\0' && !strstr(group, "/../") && !strstr(group, "//");
}

static bool tap_is_valid(const StatisticsTap *tap) {
        return tap->text[0] && memchr(tap->text, '\0', sizeof(tap->text));
}

/* Returns how many bytes it takes. */
static ssize_t target_read(Target *ret, const char *data, size_t size) {
        const StatisticsTarget *wire = (const void *) data;
        size_t needed = sizeof(*wire);

        if (size < needed || wire->n_taps > STATISTICS_TAPS_MAX || wire->pid == 0 ||
            wire->pid > INT_MAX)
                return -EBADMSG;
        needed += wire->group_size + wire->n_taps * sizeof(StatisticsTap);
        if (size < needed || !group_is_valid(data + sizeof(*wire), wire->group_size))
                return -EBADMSG;
        *ret = (Target){
                .wire = wire,
                .group = data + sizeof(*wire),
                .taps = (const void *) (data + sizeof(*wire) + wire->group_size),
        };
        for (size_t i = 0; i < wire->n_taps; i++)
                if (!tap_is_valid(&ret->taps[i]))
                        return -EBADMSG;
        return (ssize_t) needed;
}

int request_read(Target **ret, const void *data, size_t size, uint32_t n) {
        _cleanup_(freep) Target *targets = NULL;
        const char *rest = data;

        if (n > STATISTICS_TARGETS_MAX)
                return -EBADMSG;
        targets = calloc(n + 1U, sizeof(*targets));
        if (!targets)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                ssize_t taken = target_read(&targets[i], rest, size);

                if (taken < 0)
                        return (int) taken;
                rest += taken;
                size -= (size_t) taken;
        }
        if (size > 0)
                return -EBADMSG;
        *ret = TAKE_PTR(targets);
        return 0;
}
