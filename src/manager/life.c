/* SPDX-License-Identifier: ISC */

/*
 * What is to come for a unikernel when a run of it is over, or a start of it has failed. The rules
 * are those of domain/restart.c, the states those of domain/lifecycle.c; here are the timers.
 */

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "manager/chronicle.h"
#include "manager/manager-internal.h"

void life_forget_restart(Unikernel *unikernel) {
        unikernel->restart_timer = sd_event_source_disable_unref(unikernel->restart_timer);
        unikernel->next_usec = unikernel->next_utc_usec = 0;
        unikernel->lacks_bridge = unikernel->is_held = false;
}

static int on_due(sd_event_source *source, uint64_t usec, void *userdata) {
        Unikernel *unikernel = userdata;

        unikernel->restart_timer = sd_event_source_disable_unref(unikernel->restart_timer);
        if (unikernel->destroying ||
            lifecycle_step(unikernel->state, LIFE_DUE).action != LIFE_BEGIN)
                return 0;
        /* A start that was held is no restart. */
        if (!unikernel->is_held)
                unikernel->n_restarts++;
        boot_restart(unikernel->manager, unikernel);
        return 0;
}

static void begin_timer(Unikernel *unikernel) {
        unikernel->restart_timer = sd_event_source_disable_unref(unikernel->restart_timer);
        if (sd_event_add_time(unikernel->manager->event, &unikernel->restart_timer, CLOCK_MONOTONIC,
                              unikernel->next_usec, 1000, on_due, unikernel) < 0)
                unikernel_log(unikernel, LOG_ERR, "No timer to start %s again: start it by hand",
                              unikernel->name.text);
}

static void begin_delay(Unikernel *unikernel, uint64_t delay_usec) {
        unikernel->next_usec = clock_usec(CLOCK_MONOTONIC) + delay_usec;
        unikernel->next_utc_usec = clock_usec(CLOCK_REALTIME) + delay_usec;
        begin_timer(unikernel);
}

/* Its run is over, and the manager's notes of that are written here: before the launcher is told to
 * forget how it ended. */
void life_ended(Unikernel *unikernel, const Run *run) {
        const RunEnd end = {
                .exit = unikernel->last_exit,
                .started_usec = run->opened_usec,
                .ended_usec = clock_usec(CLOCK_MONOTONIC),
                .add_name = run->added_name,
        };
        RestartVerdict verdict = RESTART_NEVER;
        uint64_t delay_usec = 0;
        LifeStep step;

        history_add(&unikernel->history, unikernel->last_exit);
        if (unikernel->restart_asked && unikernel->wanted && !unikernel->destroying)
                verdict = RESTART_LATER;
        else if (unikernel->wanted && !unikernel->destroying)
                verdict = restart_decide(&unikernel->config.restart, &end, &unikernel->backoff,
                                         &delay_usec);
        step = lifecycle_step(unikernel->state, restart_event(verdict, unikernel->last_exit));
        /* The version that is to come has not been asked yet whether it takes its name. */
        if (verdict == RESTART_WITHOUT_NAME && unikernel->config.add_name &&
            !revision_is_due(unikernel)) {
                unikernel->config.add_name = false;
                if (record_save(unikernel) < 0)
                        unikernel_log(unikernel, LOG_ERR,
                                      "That %s does not take its name can't be written down",
                                      unikernel->name.text);
        }
        if (step.action == LIFE_DELAY)
                begin_delay(unikernel, delay_usec);
        unikernel_set_state(unikernel, step.state);
        (void) run_record_write(unikernel);
}

void life_start_held(Unikernel *unikernel, int r, const Fault *fault) {
        LifeStep step = lifecycle_step(unikernel->state, LIFE_START_HELD);
        uint64_t delay_usec;

        if (step.action == LIFE_DELAY) {
                delay_usec = backoff_next(&unikernel->backoff);
                unikernel->is_held = true;
                unikernel->lacks_bridge = fault->code == FAULT_NO_SUCH_BRIDGE;
                begin_delay(unikernel, delay_usec);
                unikernel_log_held(unikernel, r, fault);
        }
        unikernel_set_state(unikernel, step.state);
        (void) run_record_write(unikernel);
}

void life_resume_waiting(Unikernel *unikernel) {
        unikernel->state = STATE_WAITING;
        /* What it waits for may be a place of its policies. */
        (void) unikernel_claim_run(unikernel, NULL);
        begin_timer(unikernel);
}

void life_bridges_changed(Manager *manager) {
        _cleanup_(freep) Unikernel **all = NULL;
        size_t n;

        if (unikernels_snapshot(manager, &all, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++)
                if (all[i]->lacks_bridge && all[i]->state == STATE_WAITING &&
                    host_bridges_check(manager, &all[i]->config.devices, NULL) >= 0)
                        boot_add(manager, all[i]);
}
