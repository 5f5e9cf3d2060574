/* SPDX-License-Identifier: ISC */

/*
 * Uids for whatever is to run. They are asked about ahead, and who comes when none has arrived yet
 * waits for them instead of being refused.
 */

#include <errno.h>
#include <string.h>

#include "manager/manager-internal.h"

/* Refilled in the background when fewer are left: a create must not wait for NSS. */
#define UIDS_LOW 64U

/* Those who have to wait again are not among these. */
static void wake(Manager *manager) {
        ListLink woken;

        list_init(&woken);
        LIST_FOREACH(link, &manager->uid_waits) {
                list_remove(link);
                list_append(&woken, link);
        }
        while (!list_is_empty(&woken)) {
                UidWait *wait = LIST_ENTRY(woken.next, UidWait, link);

                list_remove(&wait->link);
                wait->again(wait->userdata);
        }
}

static void on_free_uids(void *userdata, const WriterAnswer *answer) {
        Manager *manager = userdata;
        uint32_t uids[WRITER_UIDS_MAX];
        size_t n = answer->size / sizeof(*uids);
        Fault fault = {};

        manager->asking_uids = false;
        if (answer->error < 0 || n > WRITER_UIDS_MAX) {
                uid_pool_ask_again(manager->uids);
                /* Later, whoever needs one asks again; but a writer that does not get this far is
                 * not started in a loop. */
                if (manager->ready)
                        manager->ready(manager->ready_userdata, answer->error, &fault);
        } else {
                if (n > 0)
                        memcpy(uids, answer->data, n * sizeof(*uids));
                uid_pool_add(manager->uids, uids, n);
                (void) manager_refill_uids(manager);
                manager_look_ready(manager);
        }
        if (uid_pool_n_free(manager->uids) > 0 || !manager->asking_uids)
                wake(manager);
}

int manager_refill_uids(Manager *manager) {
        uint32_t uids[WRITER_UIDS_MAX];
        size_t n;
        int r;

        if (manager->asking_uids || uid_pool_n_free(manager->uids) >= UIDS_LOW)
                return 0;
        n = uid_pool_candidates(manager->uids, uids, WRITER_UIDS_MAX);
        if (n == 0)
                return 0;
        r = writer_order(manager->look_up,
                         &(const WriterOrder){
                                 .verb = WRITER_FREE_UIDS,
                                 .data = uids,
                                 .size = n * sizeof(*uids),
                         },
                         on_free_uids, manager);
        manager->asking_uids = r >= 0;
        return r;
}

int manager_take_uid(Manager *manager, uint32_t *ret) {
        int r;

        r = uid_pool_take(manager->uids, ret);
        (void) manager_refill_uids(manager);
        return r;
}

bool manager_wait_for_uid(Manager *manager, UidWait *wait) {
        /* NSS may have been out of order, and know them now. Once for each that waits: when it has
         * others for all of them, they are not asked about in a loop. */
        if (!manager->asking_uids && !wait->has_asked) {
                wait->has_asked = true;
                uid_pool_ask_again(manager->uids);
                (void) manager_refill_uids(manager);
        }
        if (!manager->asking_uids)
                return false;
        list_append(&manager->uid_waits, &wait->link);
        return true;
}
