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
#include "manager/manager-internal.h"

typedef struct Restart {
        Manager *manager;
        Name name;
        ManagerDone done;
        void *userdata;
} Restart;

static void on_stopped(void *userdata, int r, const Fault *fault) {
        _cleanup_(freep) Restart *restart = userdata;
        Unikernel *unikernel = manager_find(restart->manager, restart->name.text);
        Fault refusal = *fault;

        if (r >= 0 && !unikernel)
                r = manager_refuse_unknown(&restart->name, &refusal);
        else if (r >= 0 && !unikernel->restart_asked && unikernel->state == STATE_STOPPED)
                r = fault_set(&refusal, FAULT_WRONG_STATE, "%s was stopped while it was restarted",
                              restart->name.text);
        if (r < 0)
                restart->done(restart->userdata, r, &refusal);
        else
                /* It is we who stopped it: should the start fail, it is tried again. */
                unikernel_start(unikernel, restart->done, restart->userdata);
}

int unikernel_restart(Unikernel *unikernel, ManagerDone done, void *userdata) {
        Restart *restart;
        int r;

        restart = calloc(1, sizeof(*restart));
        if (!restart)
                return -ENOMEM;
        *restart = (Restart){
                .manager = unikernel->manager,
                .name = unikernel->name,
                .done = done,
                .userdata = userdata,
        };
        r = unikernel_wait(unikernel, WAIT_FOR_STOP, on_stopped, restart);
        if (r < 0) {
                free(restart);
                return r;
        }
        unikernel->restart_asked = true;
        if (unikernel->run && unikernel->run->opened)
                (void) run_record_write(unikernel);
        unikernel_bring_down(unikernel);
        return 0;
}

void manager_restart(Manager *manager, const Name *name, ManagerDone done, void *userdata) {
        Unikernel *unikernel = manager_find(manager, name->text);
        Fault fault = {};
        int r;

        if (!unikernel)
                r = manager_refuse_unknown(name, &fault);
        else
                r = unikernel_check_start(unikernel, &fault);
        if (r >= 0)
                r = unikernel_restart(unikernel, done, userdata);
        if (r < 0)
                done(userdata, r, &fault);
}
