/* SPDX-License-Identifier: ISC */

/*
 * A restart that somebody asks for: a stop and then a start. What could refuse the start is asked
 * before anything is touched; and that it is to be started again is noted with its run, so that a
 * daemon that dies in between leaves it to the next one.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/tenders.h"

typedef struct Restart {
        Manager *manager;
        Name name;
        TenderWait tender_wait;
        ManagerDone done;
        void *userdata;
} Restart;

static Restart *restart_new(Manager *manager, const Name *name, ManagerDone done, void *userdata) {
        Restart *restart;

        restart = calloc(1, sizeof(*restart));
        if (!restart)
                return NULL;
        *restart = (Restart){
                .manager = manager,
                .name = *name,
                .done = done,
                .userdata = userdata,
        };
        return restart;
}

static void on_stopped(void *userdata, int r, const Fault *fault) {
        _cleanup_(freep) Restart *restart = userdata;
        Unikernel *unikernel = manager_find(restart->manager, restart->name.text);
        Fault refusal = *fault;

        if (r >= 0 && !unikernel)
                r = name_refuse_unknown(&restart->name, &refusal);
        else if (r >= 0 && !unikernel->restart_asked && unikernel->state == STATE_STOPPED)
                r = fault_set(&refusal, FAULT_WRONG_STATE, "%s was stopped while it was restarted",
                              restart->name.text);
        if (r < 0) {
                if (unikernel)
                        unikernel->restart_asked = false;
                restart->done(restart->userdata, r, &refusal);
        } else
                /* It is we who stopped it: should the start fail, it is tried again. */
                unikernel_start(unikernel, restart->done, restart->userdata);
}

/* Takes over @restart on success. */
static int begin(Restart *restart, Unikernel *unikernel) {
        int r;

        r = unikernel_wait(unikernel, WAIT_FOR_STOP, on_stopped, restart);
        if (r < 0)
                return r;
        unikernel->restart_asked = true;
        /* What it had against it, it may have no more. */
        unikernel->n_restarts = 0;
        unikernel->backoff = (Backoff){};
        /* Which notes that with its run. */
        unikernel_bring_down(unikernel);
        return 0;
}

int unikernel_restart(Unikernel *unikernel, ManagerDone done, void *userdata) {
        _cleanup_(freep) Restart *restart = NULL;
        int r;

        restart = restart_new(unikernel->manager, &unikernel->name, done, userdata);
        if (!restart)
                return -ENOMEM;
        r = begin(restart, unikernel);
        if (r < 0)
                return r;
        TAKE_PTR(restart);
        return 0;
}

/* Nothing of what a start takes is taken here: whoever is stopped already may not come to it. */
static int check(Unikernel *unikernel, Fault *fault) {
        const Devices *devices = &unikernel->config.devices;
        int r;

        if (unikernel->destroying)
                return fault_set(fault, FAULT_WRONG_STATE, "%s is being destroyed",
                                 unikernel->name.text);
        r = host_bridges_check(unikernel->manager, devices, fault);
        if (r >= 0)
                r = revision_check_run(unikernel, devices, &unikernel->image, fault);
        return r;
}

static void check_and_begin(void *userdata) {
        _cleanup_(freep) Restart *restart = userdata;
        Unikernel *unikernel = manager_find(restart->manager, restart->name.text);
        Tenders *tenders = restart->manager->tenders;
        Tender *tender = NULL;
        Fault fault = {};
        int r;

        r = unikernel ? check(unikernel, &fault) : name_refuse_unknown(&restart->name, &fault);
        if (r >= 0) {
                r = tenders_choose(tenders, unikernel->image.target, unikernel->image.abi_version,
                                   &tender, &fault);
                if (r == -EAGAIN) {
                        restart->tender_wait.again = check_and_begin;
                        restart->tender_wait.userdata = restart;
                        tenders_wait(tenders, &TAKE_PTR(restart)->tender_wait);
                        return;
                }
                tender_unref(tender);
        }
        if (r >= 0)
                r = unikernel_claim_check(unikernel, &unikernel->config, true, &fault);
        if (r >= 0) {
                r = begin(restart, unikernel);
                if (r < 0)
                        (void) claim_narrow(unikernel->claim);
        }
        if (r < 0)
                restart->done(restart->userdata, r, &fault);
        else
                TAKE_PTR(restart);
}

void manager_restart(Manager *manager, const Name *name, ManagerDone done, void *userdata) {
        Restart *restart;

        restart = restart_new(manager, name, done, userdata);
        if (restart)
                check_and_begin(restart);
        else
                done(userdata, -ENOMEM, &(const Fault){});
}
