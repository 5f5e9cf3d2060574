/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "metrics/snapshot.h"

static void observed_clear(Observed *observed) {
        for (size_t i = 0; i < observed->n_interfaces; i++) {
                free(observed->interfaces[i].device);
                free(observed->interfaces[i].bridge);
        }
        for (size_t i = 0; i < observed->n_counters; i++)
                free(observed->counters[i].name);
        free(observed->interfaces);
        free(observed->counters);
        free(observed->name);
        free(observed->type);
        free(observed->state);
}

void snapshot_clear(Snapshot *snapshot) {
        for (size_t i = 0; i < snapshot->n_unikernels; i++)
                observed_clear(&snapshot->unikernels[i]);
        free(snapshot->unikernels);
        *snapshot = (Snapshot){};
}

static int compare(const void *a, const void *b) {
        return strcmp(((const Observed *) a)->name, ((const Observed *) b)->name);
}

void snapshot_complain(Snapshot *snapshot, const char *what, const char *reason) {
        if (snapshot->why[0] == '\0')
                snprintf(snapshot->why, sizeof(snapshot->why), "%s: %.*s", what,
                         (int) MIN_OF(strcspn(reason, "\r\n"), sizeof(snapshot->why)), reason);
}

/* Room for one more; grows by doubling. */
static void *grow(void *array, size_t n, size_t size) {
        if (n > 0 && (n & (n - 1)) != 0)
                return array;
        return reallocarray(array, n > 0 ? 2 * n : 1, size);
}

Observed *snapshot_find_or_add(Snapshot *snapshot, const char *name) {
        const Observed key = {.name = (char *) (uintptr_t) name};
        Observed *observed, *larger;

        observed = snapshot->n_sorted > 0 ? bsearch(&key, snapshot->unikernels, snapshot->n_sorted,
                                                    sizeof(key), compare)
                                          : NULL;
        if (observed)
                return observed;
        larger = grow(snapshot->unikernels, snapshot->n_unikernels, sizeof(*larger));
        if (!larger)
                return NULL;
        snapshot->unikernels = larger;
        observed = &larger[snapshot->n_unikernels];
        *observed = (Observed){.name = strdup(name)};
        if (!observed->name)
                return NULL;
        snapshot->n_unikernels++;
        return observed;
}

void snapshot_sort(Snapshot *snapshot) {
        if (snapshot->n_unikernels > 0)
                qsort(snapshot->unikernels, snapshot->n_unikernels, sizeof(Observed), compare);
        snapshot->n_sorted = snapshot->n_unikernels;
}

Interface *observed_add_interface(Observed *observed) {
        Interface *larger;

        larger = grow(observed->interfaces, observed->n_interfaces, sizeof(*larger));
        if (!larger)
                return NULL;
        observed->interfaces = larger;
        larger[observed->n_interfaces] = (Interface){};
        return &larger[observed->n_interfaces++];
}

void observed_drop_interface(Observed *observed) {
        Interface *last = &observed->interfaces[--observed->n_interfaces];

        free(last->device);
        free(last->bridge);
}

int observed_add_counter(Observed *observed, const char *name, uint64_t value) {
        Counter *larger;
        char *copy;

        larger = grow(observed->counters, observed->n_counters, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        observed->counters = larger;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        larger[observed->n_counters++] = (Counter){copy, value};
        return 0;
}
