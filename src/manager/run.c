/* SPDX-License-Identifier: ISC */

/* A run from the gate to the end, and what is given back then. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/control-group.h"
#include "manager/blocks.h"
#include "manager/chronicle.h"
#include "manager/manager-internal.h"
#include "manager/start.h"

/* How long those that were killed have until it is looked again whether they are gone. */
#define CLEAR_USEC (10ULL * 1000ULL)

Run *run_new(Unikernel *unikernel, const LauncherReply *spawned) {
        Run *run;

        run = calloc(1, sizeof(*run));
        if (!run)
                return NULL;
        run->child = spawned->child;
        run->pid = (pid_t) spawned->pid;
        run->uid = spawned->uid;
        run->start_ticks = spawned->start_ticks;
        run->generation = unikernel->manager->launcher_generation;
        return run;
}

Run *run_free(Run *run) {
        if (!run)
                return NULL;
        sd_event_source_disable_unref(run->clear_timer);
        free(run->taps);
        free(run->blocks);
        free(run);
        return NULL;
}

void run_signal(Unikernel *unikernel, int signal_number) {
        LauncherCall call = {
                .request.verb = LAUNCHER_SIGNAL,
                .request.child = unikernel->run->child,
                .request.signal = signal_number,
        };
        char unit[NAME_UNIT_MAX + 1];

        unikernel_log(unikernel, LOG_DEBUG, "%s is sent SIG%s", unikernel->name.text,
                      sigabbrev_np(signal_number));
        unikernel->run->signal = signal_number;
        if (unikernel->run->orphaned) {
                unikernel_scope(unikernel, unit);
                scope_kill(unikernel->manager->bus, unit, signal_number);
                return;
        }
        launcher_call(unikernel->manager->launcher, &call);
}

void run_note_scope(Unikernel *unikernel, int error) {
        char unit[NAME_UNIT_MAX + 1];

        /* When PID 1 was lost in between, nobody knows. */
        if (error < 0 && error != -ECONNRESET)
                return;
        if (unikernel->run) {
                unikernel->run->scoped = true;
                return;
        }
        unikernel_scope(unikernel, unit);
        scope_stop(unikernel->manager->bus, unit);
        scope_release(unikernel->manager->bus, unit);
}

void run_give_back(Unikernel *unikernel, Run *run) {
        Manager *manager = unikernel->manager;
        UidHold *hold = uid_hold_new(manager, run);
        char unit[NAME_UNIT_MAX + 1];

        if (run->scoped) {
                unikernel_scope(unikernel, unit);
                if (!run->opened)
                        scope_stop(manager->bus, unit);
                scope_release(manager->bus, unit);
        }
        if (run->sliced)
                slices_release(manager, &unikernel->name, run->slice_number);
        if (run->taps_persist)
                taps_remove(manager, run->taps, run->n_taps, hold);
        /* Those of a start are its own until it is over. */
        if (unikernel->start)
                unikernel->start->uid_hold = uid_hold_ref(hold);
        else
                blocks_close(unikernel, hold);
        uid_hold_drop(hold, 0);
        run_free(run);
}

static void tell_end(Unikernel *unikernel) {
        ManagerObserver *observer = &unikernel->manager->observer;

        unikernel_log_ended(unikernel);
        observer->exited(observer->userdata, unikernel);
        if (unikernel->state == STATE_WAITING)
                observer->restarting(observer->userdata, unikernel);
        consoles_end_run(unikernel);
        revision_run_ended(unikernel);
        unikernel_settle(unikernel);
}

/* The end is known as well as it can be. */
static void run_finish(Unikernel *unikernel) {
        Run *run = TAKE_PTR(unikernel->run);
        bool opened = run->opened, orphaned = run->orphaned, again;

        unikernel->stop_timer = sd_event_source_disable_unref(unikernel->stop_timer);
        unikernel->pidfd_source = sd_event_source_disable_unref(unikernel->pidfd_source);
        unikernel->last_invocation = run->invocation;
        if (opened && !unikernel->start)
                life_ended(unikernel, run);
        run_give_back(unikernel, run);

        if (unikernel->start)
                start_lost_run(unikernel->start, orphaned);
        else if (opened)
                tell_end(unikernel);
        else {
                /* Left at its gate by the daemon before us, or not executed there. Its start was
                 * asked for, and was not answered: it is finished now. */
                again = unikernel->wanted && !unikernel->destroying && !unikernel->stays_until_boot;
                unikernel_set_state(unikernel, STATE_STOPPED);
                if (!again)
                        (void) run_record_write(unikernel);
                unikernel_settle(unikernel);
                if (again && unikernel->state == STATE_STOPPED)
                        boot_add(unikernel->manager, unikernel);
        }
}

static void run_clear(Unikernel *unikernel);

static int on_clear(sd_event_source *source, uint64_t usec, void *userdata) {
        Unikernel *unikernel = userdata;

        unikernel->run->clear_timer = sd_event_source_disable_unref(unikernel->run->clear_timer);
        run_clear(unikernel);
        return 0;
}

/* A tender that was taken over may have left processes behind. They are of its uid, and must not
 * meet the next one that gets it. */
static void run_clear(Unikernel *unikernel) {
        char group[NAME_CONTROL_GROUP_MAX + 1], unit[NAME_UNIT_MAX + 1];
        Run *run = unikernel->run;

        unikernel_control_group(unikernel, group);
        if (run->opened && run->scoped && control_group_is_populated(group) > 0 &&
            sd_event_add_time_relative(unikernel->manager->event, &run->clear_timer,
                                       CLOCK_MONOTONIC, CLEAR_USEC, 0, on_clear, unikernel) >= 0) {
                unikernel_scope(unikernel, unit);
                scope_kill(unikernel->manager->bus, unit, SIGKILL);
                return;
        }
        run_finish(unikernel);
}

static void on_result(void *userdata, const char *result) {
        Unikernel *unikernel = userdata;

        unikernel->result_slot = sd_bus_slot_unref(unikernel->result_slot);
        if (result && strcmp(result, "oom-kill") == 0)
                unikernel->last_exit.result = EXIT_OOM_KILL;
        run_clear(unikernel);
}

void run_ended(Unikernel *unikernel, const LauncherReply *exited) {
        Run *run = unikernel->run;
        Exit exit =
                exit_from_wait_status(exited->wait_status, run->asked, clock_usec(CLOCK_REALTIME));
        char unit[NAME_UNIT_MAX + 1];

        if (unikernel->is_lost) {
                lost_ended(unikernel);
                return;
        }
        /* Told twice, by one launcher and by the next one's silence. */
        if (unikernel->result_slot || run->clear_timer)
                return;
        /* It never became its tender. Who began that start was told, or died before. */
        if (exited->error < 0 && exited->step != LAUNCHER_STEP_NONE)
                run->opened = false;
        /* That is how systemctl stop of the scope, or of a slice above it, ends one, and how people
         * do it. Only root can, and it is an answer to nobody's crash. */
        if (exit.result == EXIT_SIGNAL &&
            (exit.status == SCOPE_KILL_SIGNAL || exit.status == SIGTERM))
                exit.result = EXIT_STOPPED;
        if (run->opened)
                unikernel->last_exit = exit;

        /* Only the scope knows whether a SIGKILL, or an end that nobody saw, was the kernel's for
         * lack of memory. Its Result can be asked until it is released. */
        if (run->opened && run->scoped &&
            (exit.result == EXIT_UNKNOWN ||
             (exit.result == EXIT_SIGNAL && exit.status == SIGKILL))) {
                unikernel_scope(unikernel, unit);
                if (scope_read_result(&unikernel->result_slot, unikernel->manager->bus, unit,
                                      on_result, unikernel) >= 0)
                        return;
        }
        run_clear(unikernel);
}
