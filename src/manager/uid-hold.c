/* SPDX-License-Identifier: ISC */

/*
 * A uid whose tender has ended, as long as something is there that it can open: a tap that
 * persists, a block device that is granted to it. Nobody else gets the uid before that is gone;
 * and where it can't be made to go, nobody until the next start of the daemon.
 */

#include <stdlib.h>

#include "base/cleanup.h"
#include "manager/chronicle.h"
#include "manager/manager-internal.h"

struct UidHold {
        ListLink link; /* of the manager's */
        Manager *manager;
        uint64_t child, generation;
        uint32_t uid;
        bool is_orphaned; /* its launcher has gone before it */
        bool has_failed;
        unsigned n_refs;
};

UidHold *uid_hold_new(Manager *manager, const Run *run) {
        UidHold *hold;

        hold = malloc(sizeof(*hold));
        if (!hold)
                return NULL;
        *hold = (UidHold){
                .manager = manager,
                .child = run->child,
                .generation = run->generation,
                .uid = run->uid,
                .is_orphaned = run->orphaned,
                .n_refs = 1,
        };
        list_append(&manager->uid_holds, &hold->link);
        return hold;
}

UidHold *uid_hold_ref(UidHold *hold) {
        if (hold)
                hold->n_refs++;
        return hold;
}

void uid_hold_drop(UidHold *hold, int error) {
        LauncherCall forget = {.request.verb = LAUNCHER_FORGET};
        Manager *manager;

        if (!hold)
                return;
        hold->has_failed = hold->has_failed || error < 0;
        if (--hold->n_refs > 0)
                return;
        manager = hold->manager;
        if (hold->has_failed)
                log_print(LOG_ERR, "The uid %u is not used again before the next start", hold->uid);
        else {
                /* The children of another launcher have other numbers: it knows the uid only. */
                if (!hold->is_orphaned && hold->generation == manager->launcher_generation)
                        forget.request.child = hold->child;
                forget.request.uid = hold->uid;
                launcher_call(manager->launcher, &forget);
                uid_pool_release(manager->uids, hold->uid);
        }
        list_remove(&hold->link);
        free(hold);
}

bool uid_hold_knows(Manager *manager, const LauncherReply *entry) {
        LIST_FOREACH(link, &manager->uid_holds) {
                UidHold *hold = LIST_ENTRY(link, UidHold, link);

                if (hold->uid != entry->uid || hold->child != entry->child || hold->is_orphaned)
                        continue;
                hold->generation = manager->launcher_generation;
                return true;
        }
        return false;
}
