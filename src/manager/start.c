/* SPDX-License-Identifier: ISC */

/*
 * One start, in the order of ARCHITECTURE.md. Taking in the image, forking the tender at its gate,
 * placing it in its scope and writing the record overlap; the gate is opened when all of them have
 * succeeded. When one fails nothing new begins, what is under way is waited for (all of it is
 * bounded), and then all is undone, so that no end comes too late for its start.
 */

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/chronicle.h"
#include "manager/start.h"

static void advance(Start *start);

void start_fail(Start *start, int r) {
        if (start->r == 0)
                start->r = r;
}

Fault *start_fault(Start *start) {
        return start->r == 0 ? &start->fault : NULL;
}

int start_tell_launcher_gone(Start *start) {
        return fault_set(start_fault(start), FAULT_LAUNCHER_GONE,
                         "albatross-launcher went away while %s was started",
                         start->unikernel->name.text);
}

int start_tell_ended_at_gate(Start *start) {
        return fault_set(start_fault(start), FAULT_START_FAILED,
                         "The tender of %s ended at its gate", start->unikernel->name.text);
}

void start_pending_done(Start *start, int r) {
        start->n_pending--;
        if (r < 0)
                start_fail(start, r);
        advance(start);
}

static void start_free(Start *start) {
        scope_start_free(start->scope);
        tender_unref(start->tender);
        fd_close(start->image_fd);
        free(start->block_fds);
        free(start->taps);
        free(start->tap_names);
        free(start);
}

static void finish_well(Start *start) {
        Unikernel *unikernel = start->unikernel;

        unikernel->start = NULL;
        if (start->with_run) {
                unikernel->run->opened = true;
                unikernel->is_queued = false;
                /* That it was executed: else who finds no process of it begins the start anew. */
                (void) run_record_write(unikernel);
        }
        /* The answer goes out before the signals: somebody waits for it. */
        if (start->creating) {
                unikernel->recorded = true;
                unikernel_answer(unikernel, WAIT_FOR_START, 0, NULL);
                unikernel->manager->observer.added(unikernel->manager->observer.userdata,
                                                   unikernel);
                unikernel_log_created(unikernel);
        } else
                unikernel_answer(unikernel, WAIT_FOR_START, 0, NULL);
        if (start->with_run)
                unikernel_log_started(unikernel);
        unikernel_set_state(unikernel,
                            start->with_run ? lifecycle_step(unikernel->state, LIFE_STARTED).state
                                            : STATE_STOPPED);
        /* Of one that had ended already, and had only that to be written down. A restart goes on
         * from there: it must not join a start whose answers are out. */
        unikernel_answer(unikernel, WAIT_FOR_STOP, 0, NULL);
        start_free(start);
        unikernel_settle(unikernel);
}

static void finish_badly(Start *start) {
        Unikernel *unikernel = start->unikernel;

        start_drop_devices(start);
        unikernel->start = NULL;
        if (start->holds && unikernel->wanted && !unikernel->destroying)
                life_start_held(unikernel, start->r, &start->fault);
        else {
                unikernel_log_no_start(unikernel, start->r, &start->fault);
                unikernel_set_state(unikernel,
                                    lifecycle_step(unikernel->state, LIFE_START_FAILED).state);
        }
        /* A daemon after us must not take it for one that was not tried yet. */
        if (!start->creating && !(start->holds && unikernel->wanted))
                (void) run_record_write(unikernel);
        if (start->creating) {
                /* What was never acknowledged must not come back with the next boot; and who is
                 * told of the failure must find the name free again. */
                unikernel->destroying = true;
                unikernel->removing = !start->recorded;
                unikernel->create_r = start->r;
                unikernel->create_fault = fault_copy(&start->fault);
        } else
                unikernel_answer(unikernel, WAIT_FOR_START, start->r, &start->fault);
        start_free(start);
        unikernel_settle(unikernel);
}

/* Looks at what is there and does what is next. Called after every change; may free @start. */
static void advance(Start *start) {
        Unikernel *unikernel = start->unikernel;

        /* One that was asked for meanwhile may make up for it. */
        if (start->r == 0 && unikernel->n_saving == 0 && unikernel->save_error < 0)
                start_fail(start, disk_refuse(&start->fault, unikernel->save_error,
                                              "The record of %s could not be written",
                                              unikernel->name.text));

        if (start->n_pending > 0 || unikernel->n_saving > 0)
                return;
        if (start->creating && unikernel->image_hold)
                start->recorded = true;

        if (start->r < 0) {
                if (unikernel->run)
                        run_signal(unikernel, SIGKILL); /* run_ended() comes back here */
                else
                        finish_badly(start);
                return;
        }
        if (start->with_run && !start->opening) {
                int r = start_open_gate(start);

                if (r < 0) {
                        start_fail(start, r);
                        advance(start);
                }
                return;
        }
        finish_well(start);
}

void start_saved(Start *start) {
        advance(start);
}

void start_lost_run(Start *start, bool orphaned) {
        start_fail(start,
                   orphaned ? start_tell_launcher_gone(start) : start_tell_ended_at_gate(start));
        advance(start);
}

void start_cancel(Start *start) {
        if (start->r == 0)
                start_fail(start, fault_set(&start->fault, FAULT_WRONG_STATE,
                                            "%s was stopped while it was starting",
                                            start->unikernel->name.text));
        advance(start);
}

/* In /run first: a daemon that finds only this there begins the start anew. */
static int save_wish(Unikernel *unikernel) {
        bool is_new = !unikernel->wanted || unikernel->unsaved;
        int r;

        unikernel->wanted = true;
        r = run_record_write(unikernel);
        return r >= 0 && is_new ? record_save_wish(unikernel) : r;
}

int start_begin(Unikernel *unikernel, const StartOrder *order) {
        Start *start;
        int r = 0;

        assert(!unikernel->start && !unikernel->run);

        start = calloc(1, sizeof(*start));
        if (!start)
                return -ENOMEM;
        start->unikernel = unikernel;
        start->creating = order->image_fd >= 0;
        start->with_run = order->run;
        start->holds = order->holds;
        start->image_fd = -1;
        unikernel->start = start;
        unikernel->save_error = 0;

        /* What can be refused at once is, before anything has begun. */
        if (!start->creating) {
                r = macs_take(unikernel, &start->fault);
                if (r >= 0 && order->run)
                        r = start_open_blocks(start);
                if (r >= 0)
                        r = start_choose_tender(start);
        }
        if (r >= 0 && order->run)
                r = start_spawn(start);
        if (r >= 0 && start->creating) {
                r = start_take_in(start, order);
        } else if (r >= 0) {
                r = start_open_image(start);
                if (r >= 0)
                        r = save_wish(unikernel);
        }
        if (r < 0)
                start_fail(start, r);
        /* A failure is told from here, too: all failures go the same way. */
        if (start->n_pending == 0)
                advance(start);
        return 0;
}
