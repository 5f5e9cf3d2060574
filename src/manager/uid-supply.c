/* SPDX-License-Identifier: ISC */

/*
 * Uids for whatever is to run. They are asked about ahead, and who comes when none has arrived yet
 * waits for them instead of being refused.
 */

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "manager/manager-internal.h"
#include "systemd/log.h"

/* Refilled in the background when fewer are left: a create must not wait for NSS. */
#define UIDS_LOW 64U

/* When all are in use: how long until it is tried again, and for how long one waits. */
#define AGAIN_USEC    (100ULL * 1000ULL)
#define PATIENCE_USEC (2ULL * 1000000ULL)

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
                log_print(LOG_WARNING, "Can't look up which uids are free: %s",
                          strerror(answer->error < 0 ? -answer->error : EPROTO));
                uid_pool_ask_again(manager->uids);
                /* Who waits is woken now, and once more by the timer: not before that is it tried
                 * again, or it would be in a loop. */
                manager->uids_unanswered = !list_is_empty(&manager->uid_waits);
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

        if (manager->asking_uids || manager->uids_unanswered ||
            uid_pool_n_free(manager->uids) >= UIDS_LOW)
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

        /* In turn: a start takes one early, and may need what a probe that waits is to find out. */
        r = list_is_empty(&manager->uid_waits) ? uid_pool_take(manager->uids, ret) : -EAGAIN;
        (void) manager_refill_uids(manager);
        return r;
}

/* One may have been given back meanwhile, and NSS may have been out of order, and know them now. */
static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;

        manager->uids_timer = sd_event_source_disable_unref(manager->uids_timer);
        manager->uids_unanswered = false;
        if (!manager->asking_uids) {
                uid_pool_ask_again(manager->uids);
                (void) manager_refill_uids(manager);
        }
        wake(manager);
        return 0;
}

bool manager_wait_for_uid(Manager *manager, UidWait *wait) {
        uint64_t now_usec = clock_usec(CLOCK_MONOTONIC);

        if (wait->until_usec == 0)
                wait->until_usec = now_usec + PATIENCE_USEC;
        if (!manager->asking_uids && now_usec >= wait->until_usec)
                return false;
        /* Not at once: when NSS has others for all of them, it is not asked in a loop. */
        if (!manager->uids_timer &&
            sd_event_add_time_relative(manager->event, &manager->uids_timer, CLOCK_MONOTONIC,
                                       AGAIN_USEC, 0, on_timer, manager) < 0)
                return false;
        list_append(&manager->uid_waits, &wait->link);
        return true;
}
