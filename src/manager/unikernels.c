/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "image/wire.h"
#include "manager/blocks.h"
#include "manager/manager-internal.h"

static int compare(const void *a, const void *b) {
        return strcmp(((const Unikernel *) a)->name.text, ((const Unikernel *) b)->name.text);
}

int unikernels_add(Manager *manager, Unikernel *unikernel) {
        void *node = tsearch(unikernel, &manager->unikernels, compare);

        if (!node)
                return -ENOMEM;
        return *(Unikernel **) node == unikernel ? 0 : -EEXIST;
}

Unikernel *unikernels_find(Manager *manager, const char *name) {
        Unikernel key = {};
        void *node;

        if (strlen(name) > NAME_MAX_LENGTH)
                return NULL;
        strcpy(key.name.text, name);
        node = tfind(&key, &manager->unikernels, compare);
        return node ? *(Unikernel **) node : NULL;
}

void unikernels_remove(Manager *manager, Unikernel *unikernel) {
        tdelete(unikernel, &manager->unikernels, compare);
        consoles_end(unikernel);
}

Unikernel *manager_find(Manager *manager, const char *name) {
        Unikernel *unikernel = unikernels_find(manager, name);

        return unikernel && unikernel->recorded && !unikernel->removing ? unikernel : NULL;
}

bool manager_knows(Manager *manager, const char *name) {
        return unikernels_find(manager, name);
}

typedef struct Visit {
        const char *prefix;
        ManagerVisitor visitor;
        void *userdata;
        int r;
} Visit;

static void visit_node(const void *node, VISIT which, void *closure) {
        const Unikernel *unikernel = *(Unikernel *const *) node;
        Visit *visit = closure;

        if ((which != postorder && which != leaf) || visit->r < 0)
                return;
        if (!unikernel->recorded || unikernel->removing ||
            !name_is_below(unikernel->name.text, visit->prefix))
                return;
        visit->r = visit->visitor(visit->userdata, unikernel);
}

int manager_visit(Manager *manager, const char *prefix, ManagerVisitor visitor, void *userdata) {
        Visit visit = {.prefix = prefix, .visitor = visitor, .userdata = userdata};

        twalk_r(manager->unikernels, visit_node, &visit);
        return visit.r;
}

typedef struct Snapshot {
        Unikernel **all;
        size_t n;
} Snapshot;

static void count_node(const void *node, VISIT which, void *closure) {
        if (which == postorder || which == leaf)
                ++*(size_t *) closure;
}

static void copy_node(const void *node, VISIT which, void *closure) {
        Snapshot *snapshot = closure;

        if (which == postorder || which == leaf)
                snapshot->all[snapshot->n++] = *(Unikernel *const *) node;
}

int unikernels_snapshot(Manager *manager, Unikernel ***ret, size_t *ret_n) {
        Snapshot snapshot = {};
        size_t n = 0;

        twalk_r(manager->unikernels, count_node, &n);
        snapshot.all = calloc(n + 1, sizeof(*snapshot.all));
        if (!snapshot.all)
                return -ENOMEM;
        twalk_r(manager->unikernels, copy_node, &snapshot);
        *ret = snapshot.all;
        *ret_n = snapshot.n;
        return 0;
}

Unikernel *unikernel_new(Manager *manager, const Name *name) {
        Unikernel *unikernel;

        unikernel = calloc(1, sizeof(*unikernel));
        if (!unikernel)
                return NULL;
        unikernel->manager = manager;
        unikernel->name = *name;
        list_init(&unikernel->waiters);
        list_init(&unikernel->consoles);
        list_init(&unikernel->blocks);
        return unikernel;
}

Version *version_free(Version *version) {
        if (!version)
                return NULL;
        version_free(version->next);
        config_clear(&version->config);
        free(version);
        return NULL;
}

Unikernel *unikernel_free(Unikernel *unikernel) {
        if (!unikernel)
                return NULL;

        consoles_close(unikernel);
        blocks_unassign(unikernel);
        sd_event_source_disable_unref(unikernel->stop_timer);
        sd_event_source_disable_unref(unikernel->pidfd_source);
        sd_event_source_disable_unref(unikernel->restart_timer);
        sd_bus_slot_unref(unikernel->result_slot);
        claim_free(unikernel->claim);
        macs_give_back(unikernel);
        config_clear(&unikernel->config);
        version_free(unikernel->previous);
        version_free(unikernel->in_doubt);
        free(unikernel->create_fault);
        run_free(unikernel->run);
        free(unikernel->invocations);
        free(unikernel->tender_path);
        free(unikernel);
        return NULL;
}

void unikernel_set_state(Unikernel *unikernel, State state) {
        if (unikernel->state == state)
                return;
        if (!state_takes_memory(state))
                claim_stop(unikernel->claim);
        unikernel->state = state;
        /* What runs does so since its gate was opened: whoever adopts it knows no other time. */
        unikernel->state_usec =
                state == STATE_RUNNING && unikernel->run && unikernel->run->started_usec > 0
                        ? unikernel->run->started_usec
                        : clock_usec(CLOCK_REALTIME);
        if (unikernel->recorded)
                unikernel->manager->observer.state_changed(unikernel->manager->observer.userdata,
                                                           unikernel);
}

int unikernel_set_tender(Unikernel *unikernel, const char *path, bool shows_arguments) {
        char *copy = NULL;

        if (path) {
                copy = strdup(path);
                if (!copy)
                        return -ENOMEM;
        }
        free(unikernel->tender_path);
        unikernel->tender_path = copy;
        unikernel->shows_arguments = shows_arguments;
        return 0;
}

int unikernel_note_invocation(Unikernel *unikernel, sd_id128_t invocation) {
        sd_id128_t *larger;

        if (sd_id128_is_null(invocation))
                return 0;
        if (unikernel->n_invocations == UNIKERNEL_INVOCATIONS_MAX) {
                memmove(unikernel->invocations, unikernel->invocations + 1,
                        (UNIKERNEL_INVOCATIONS_MAX - 1) * sizeof(*unikernel->invocations));
                unikernel->n_invocations--;
        }
        larger =
                reallocarray(unikernel->invocations, unikernel->n_invocations + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        unikernel->invocations = larger;
        unikernel->invocations[unikernel->n_invocations++] = invocation;
        return 0;
}

void unikernel_scope(const Unikernel *unikernel, char ret[static NAME_UNIT_MAX + 1]) {
        name_scope(&unikernel->name, ret);
}

void unikernel_slice(const Unikernel *unikernel, char ret[static NAME_UNIT_MAX + 1]) {
        path_slice(unikernel->name.text, name_path_length(&unikernel->name),
                   unikernel->run ? unikernel->run->slice_number : 0, ret);
}

void unikernel_control_group(const Unikernel *unikernel,
                             char ret[static NAME_CONTROL_GROUP_MAX + 1]) {
        name_control_group(&unikernel->name, unikernel->run ? unikernel->run->slice_number : 0,
                           ret);
}

const char *unikernel_type(const Unikernel *unikernel) {
        return unikernel->image.target == IMAGE_TARGET_HVT ? "solo5-hvt" : "solo5-spt";
}
