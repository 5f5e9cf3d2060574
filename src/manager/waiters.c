/* SPDX-License-Identifier: ISC */

/* Who waits for a unikernel to start, end or go, and when that is reached. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/blocks.h"
#include "manager/chronicle.h"
#include "manager/manager-internal.h"

typedef struct Waiter {
        ListLink link;
        WaitFor what;
        ManagerDone done;
        void *userdata;
} Waiter;

int unikernel_wait(Unikernel *unikernel, WaitFor what, ManagerDone done, void *userdata) {
        Waiter *waiter;

        waiter = calloc(1, sizeof(*waiter));
        if (!waiter)
                return -ENOMEM;
        waiter->what = what;
        waiter->done = done;
        waiter->userdata = userdata;
        list_append(&unikernel->waiters, &waiter->link);
        return 0;
}

void unikernel_answer(Unikernel *unikernel, WaitFor what, int r, const Fault *fault) {
        static const Fault no_fault;
        ListLink answered;

        /* An answer may bring the next request for this unikernel: that one waits anew. */
        list_init(&answered);
        LIST_FOREACH(link, &unikernel->waiters)
        if (LIST_ENTRY(link, Waiter, link)->what == what) {
                list_remove(link);
                list_append(&answered, link);
        }
        LIST_FOREACH(link, &answered) {
                Waiter *waiter = LIST_ENTRY(link, Waiter, link);

                list_remove(&waiter->link);
                waiter->done(waiter->userdata, r, fault ? fault : &no_fault);
                free(waiter);
        }
}

void unikernel_wait_on(Unikernel *unikernel, WaitFor what, WaitFor next) {
        LIST_FOREACH(link, &unikernel->waiters) {
                Waiter *waiter = LIST_ENTRY(link, Waiter, link);

                if (waiter->what == what)
                        waiter->what = next;
        }
}

static void remove_for_good(Unikernel *unikernel) {
        Manager *manager = unikernel->manager;
        bool was_visible = unikernel->recorded;

        unikernels_remove(manager, unikernel);
        unikernel->claim = claim_free(unikernel->claim);
        macs_give_back(unikernel);
        blocks_unassign(unikernel);
        run_record_remove(unikernel);
        unikernel_release_images(unikernel);
        if (was_visible) {
                unikernel_log_destroyed(unikernel);
                manager->observer.removed(manager->observer.userdata, unikernel);
        }
        unikernel_answer(unikernel, WAIT_FOR_START, unikernel->create_r, unikernel->create_fault);
        unikernel_answer(unikernel, WAIT_FOR_STOP, 0, NULL);
        unikernel_answer(unikernel, WAIT_FOR_DESTROY, 0, NULL);
        unikernel_free(unikernel);
}

/* Something of it could not be @done: all that was asked for has happened, but not for good. */
static void tell_unsaved(Unikernel *unikernel, WaitFor what, int r, const char *done) {
        Fault fault = {};

        if (r < 0)
                r = disk_refuse(&fault, r, "%s of %s could not be %s",
                                unikernel->blocks_error < 0 ? "A block device" : "The record",
                                unikernel->name.text, done);
        unikernel_answer(unikernel, what, r, &fault);
}

void unikernel_settle(Unikernel *unikernel) {
        int r;

        if (unikernel->n_saving > 0)
                return;
        if (unikernel->start) {
                start_saved(unikernel->start);
                return;
        }
        if (unikernel->run)
                return;

        if (unikernel->destroying && !unikernel->removing && unikernel->destroys_blocks) {
                unikernel->destroys_blocks = false;
                if (blocks_remove_owned(unikernel) > 0)
                        return;
        }
        if (unikernel->destroying && !unikernel->removing && unikernel->blocks_error < 0) {
                unikernel->save_error = unikernel->blocks_error;
        } else if (unikernel->destroying && !unikernel->removing) {
                unikernel->removing = true;
                unikernel->save_error = 0;
                r = record_remove(unikernel);
                if (r >= 0)
                        return;
                unikernel->save_error = r;
        }
        /* One that nobody ever saw goes in any case. */
        if (unikernel->removing && (unikernel->save_error == 0 || !unikernel->recorded)) {
                if (unikernel->save_error < 0)
                        undone_note(unikernel->manager, unikernel->name.text,
                                    unikernel->save_error);
                remove_for_good(unikernel);
                return;
        }

        r = unikernel->save_error;
        unikernel->save_error = 0;
        if (unikernel->destroying) {
                /* Still on disk, so it is still there. */
                unikernel->destroying = unikernel->removing = false;
                (void) run_record_write(unikernel);
                tell_unsaved(unikernel, WAIT_FOR_DESTROY, r, "removed");
                unikernel->blocks_error = 0;
        }
        tell_unsaved(unikernel, WAIT_FOR_STOP, r, "written");
}
