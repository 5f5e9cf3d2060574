/* SPDX-License-Identifier: ISC */

/*
 * Which slice of its path a scope goes to. What systemd needs to start a scope grows with the
 * number of its siblings (1.9 ms with none, 9.8 ms with 3000 of them), so a path with many has
 * several slices, each with few.
 */

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"

#define SCOPES_PER_SLICE 128U

typedef struct PathSlices {
        char path[NAME_MAX_LENGTH + 1];
        uint32_t n_slices;   /* how many @counts there are */
        uint32_t first_free; /* those below are full */
        uint32_t n_scopes;
        uint16_t *counts;
} PathSlices;

static int compare(const void *a, const void *b) {
        return strcmp(((const PathSlices *) a)->path, ((const PathSlices *) b)->path);
}

static void path_slices_free(void *node) {
        PathSlices *slices = node;

        free(slices->counts);
        free(slices);
}

void slices_free_all(Manager *manager) {
        tdestroy(manager->slices, path_slices_free);
        manager->slices = NULL;
}

static PathSlices *find(Manager *manager, const Name *name) {
        PathSlices key = {};
        void *node;

        memcpy(key.path, name->text, name_path_length(name));
        node = tfind(&key, &manager->slices, compare);
        return node ? *(PathSlices **) node : NULL;
}

static PathSlices *find_or_add(Manager *manager, const Name *name) {
        PathSlices *slices = find(manager, name);

        if (slices)
                return slices;
        slices = calloc(1, sizeof(*slices));
        if (!slices)
                return NULL;
        memcpy(slices->path, name->text, name_path_length(name));
        if (!tsearch(slices, &manager->slices, compare)) {
                free(slices);
                return NULL;
        }
        return slices;
}

static int add_scope(PathSlices *slices, uint32_t number) {
        if (number >= slices->n_slices) {
                uint16_t *larger = reallocarray(slices->counts, number + 1, sizeof(*larger));

                if (!larger)
                        return -ENOMEM;
                memset(larger + slices->n_slices, 0,
                       (number + 1 - slices->n_slices) * sizeof(*larger));
                slices->counts = larger;
                slices->n_slices = number + 1;
        }
        slices->counts[number]++;
        slices->n_scopes++;
        return 0;
}

int slices_take(Manager *manager, const Name *name, uint32_t *ret_number) {
        PathSlices *slices = find_or_add(manager, name);
        int r;

        if (!slices)
                return -ENOMEM;
        while (slices->first_free < slices->n_slices &&
               slices->counts[slices->first_free] >= SCOPES_PER_SLICE)
                slices->first_free++;
        r = add_scope(slices, slices->first_free);
        if (r < 0)
                return r;
        *ret_number = slices->first_free;
        return 0;
}

int slices_claim(Manager *manager, const Name *name, uint32_t number) {
        PathSlices *slices;

        if (number >= LAUNCHER_UIDS_MAX)
                return -ERANGE;
        slices = find_or_add(manager, name);
        return slices ? add_scope(slices, number) : -ENOMEM;
}

void slices_release(Manager *manager, const Name *name, uint32_t number) {
        PathSlices *slices = find(manager, name);

        if (!slices || number >= slices->n_slices || slices->counts[number] == 0)
                return;
        slices->counts[number]--;
        slices->first_free = MIN_OF(slices->first_free, number);
        if (--slices->n_scopes > 0)
                return;
        tdelete(slices, &manager->slices, compare);
        path_slices_free(slices);
}
