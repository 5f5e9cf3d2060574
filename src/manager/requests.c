/* SPDX-License-Identifier: ISC */

/* What can be asked of the manager: the table of domain/lifecycle.c decides, this performs. */

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "manager/blocks.h"
#include "manager/manager-internal.h"

static void refuse_unknown(const Name *name, ManagerDone done, void *userdata) {
        Fault fault = {};
        int r;

        r = name_refuse_unknown(name, &fault);
        done(userdata, r, &fault);
}

static int reserve(Unikernel **ret, Manager *manager, const CreateOrder *order, Fault *fault) {
        _cleanup_(config_clear) Config config = {};
        Unikernel *unikernel;
        int r;

        unikernel = unikernels_find(manager, order->name.text);
        if (unikernel && !unikernel->is_lost)
                return fault_set(fault, FAULT_ALREADY_EXISTS, "A unikernel %s exists already",
                                 order->name.text);
        r = config_change_apply(&order->change, NULL, &config, fault);
        if (r >= 0)
                r = config_check(&config, &order->name, fault);
        if (r >= 0)
                r = host_bridges_check(manager, &config.devices, fault);
        if (r >= 0)
                r = lost_give_up(manager, &order->name, fault);
        if (r < 0)
                return r;

        unikernel = unikernel_new(manager, &order->name);
        if (!unikernel)
                return -ENOMEM;
        unikernel->config = config;
        config = (Config){};
        /* Before a byte of its image is taken in: what it is to have is there for nobody else. */
        r = unikernel_claim(unikernel, order->start, fault);
        if (r >= 0)
                r = unikernels_add(manager, unikernel);
        if (r < 0) {
                unikernel_free(unikernel);
                return r;
        }
        unikernel->created_usec = clock_usec(CLOCK_REALTIME);
        unikernel->wanted = order->start;
        unikernel->state = STATE_STARTING;
        unikernel->state_usec = unikernel->created_usec;
        *ret = unikernel;
        return 0;
}

void manager_create(Manager *manager, const CreateOrder *order, ManagerDone done, void *userdata) {
        Unikernel *unikernel = NULL;
        Fault fault = {};
        int r;

        r = reserve(&unikernel, manager, order, &fault);
        if (r < 0) {
                done(userdata, r, &fault);
                return;
        }
        r = unikernel_wait(unikernel, WAIT_FOR_START, done, userdata);
        if (r >= 0) {
                r = start_begin(unikernel, &(const StartOrder){.image_fd = order->image_fd,
                                                               .is_delegated = order->is_delegated,
                                                               .run = order->start});
                if (r >= 0)
                        return;
                unikernel_answer(unikernel, WAIT_FOR_START, r, NULL);
        } else
                done(userdata, r, &fault);
        unikernels_remove(manager, unikernel);
        unikernel_free(unikernel);
}

static int refuse_start(const Unikernel *unikernel, Fault *fault) {
        return fault_set(fault, FAULT_WRONG_STATE, "%s is %s, it can be started when that is done",
                         unikernel->name.text,
                         unikernel->destroying ? "being destroyed" : "stopping");
}

static int check_start(Unikernel *unikernel, Fault *fault) {
        int r = host_bridges_check(unikernel->manager, &unikernel->config.devices, fault);

        return r < 0 ? r : unikernel_claim_run(unikernel, fault);
}

/* The restart that was to come is this one. */
static void begin(Unikernel *unikernel, State state, bool holds) {
        int r;

        if (unikernel->state != STATE_WAITING && !holds) {
                unikernel->n_restarts = 0;
                unikernel->backoff = (Backoff){};
        }
        life_forget_restart(unikernel);
        unikernel->restart_asked = unikernel->stays_until_boot = false;
        unikernel_set_state(unikernel, state);
        r = start_begin(unikernel,
                        &(const StartOrder){.image_fd = -1, .run = true, .holds = holds});
        if (r < 0) {
                unikernel_set_state(unikernel, STATE_FAILED);
                unikernel_answer(unikernel, WAIT_FOR_START, r, NULL);
        }
}

/* Nobody asked for that start, so it is tried again. */
static void hold(Unikernel *unikernel, State state, int r, const Fault *fault) {
        life_forget_restart(unikernel);
        unikernel_set_state(unikernel, state);
        life_start_held(unikernel, r, fault);
        /* One that waits has what it will need, as far as it can. */
        (void) unikernel_claim_run(unikernel, NULL);
}

static void start(Unikernel *unikernel, bool by_itself, ManagerDone done, void *userdata) {
        LifeStep step = lifecycle_step(unikernel->state, LIFE_START);
        Fault fault = {};
        int r = 0;

        if (unikernel->destroying || step.action == LIFE_REFUSE)
                r = refuse_start(unikernel, &fault);
        else if (step.action == LIFE_BEGIN)
                r = check_start(unikernel, &fault);
        if (r < 0 || step.action == LIFE_NOTHING) {
                /* When somebody asked for it, one that waits goes on waiting. */
                if (by_itself && step.action == LIFE_BEGIN && !unikernel->destroying)
                        hold(unikernel, step.state, r, &fault);
                if (done)
                        done(userdata, r, &fault);
                return;
        }
        if (done)
                r = unikernel_wait(unikernel, WAIT_FOR_START, done, userdata);
        if (r < 0) {
                if (step.action == LIFE_BEGIN && unikernel->state != STATE_WAITING)
                        claim_stop(unikernel->claim);
                done(userdata, r, &fault);
                return;
        }
        if (step.action == LIFE_BEGIN)
                begin(unikernel, step.state, by_itself || unikernel->state == STATE_WAITING);
}

void unikernel_start(Unikernel *unikernel, ManagerDone done, void *userdata) {
        start(unikernel, true, done, userdata);
}

void manager_start(Manager *manager, const Name *name, ManagerDone done, void *userdata) {
        Unikernel *unikernel = manager_find(manager, name->text);

        if (!unikernel)
                refuse_unknown(name, done, userdata);
        else
                start(unikernel, false, done, userdata);
}

static int on_stop_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        Unikernel *unikernel = userdata;
        char unit[NAME_UNIT_MAX + 1];

        if (!unikernel->run)
                return 0;
        /* The whole scope, and the tender itself should the scope be out of reach. */
        unikernel_scope(unikernel, unit);
        scope_kill(unikernel->manager->bus, unit, SIGKILL);
        run_signal(unikernel, SIGKILL);
        return 0;
}

static int kill_gently(Unikernel *unikernel) {
        unikernel->run->asked = true;
        run_signal(unikernel, SIGTERM);
        unikernel->stop_timer = sd_event_source_disable_unref(unikernel->stop_timer);
        return sd_event_add_time_relative(unikernel->manager->event, &unikernel->stop_timer,
                                          CLOCK_MONOTONIC, unikernel->manager->settings.stop_usec,
                                          0, on_stop_timeout, unikernel);
}

void unikernel_bring_down(Unikernel *unikernel) {
        LifeStep step = lifecycle_step(unikernel->state, LIFE_STOP);
        State before = unikernel->state;

        if (step.action == LIFE_GIVE_UP)
                life_forget_restart(unikernel);
        unikernel_set_state(unikernel, step.state);
        /* Should we die before its end, the next daemon goes on with it. */
        if (unikernel->run && unikernel->run->opened)
                (void) run_record_write(unikernel);
        if (step.action == LIFE_KILL)
                kill_gently(unikernel);
        else if (step.action == LIFE_CANCEL) {
                if (unikernel->run)
                        unikernel->run->asked = true;
                start_cancel(unikernel->start);
        } else if (step.action != LIFE_JOIN) {
                /* That it stays so until the next boot is nowhere else. */
                if (unikernel->state != before || unikernel->stays_until_boot)
                        (void) run_record_write(unikernel);
                unikernel_settle(unikernel);
        }
}

void manager_stop(Manager *manager, const StopOrder *order, ManagerDone done, void *userdata) {
        Unikernel *unikernel = manager_find(manager, order->name.text);
        Fault fault = {};
        int r;

        if (!unikernel) {
                refuse_unknown(&order->name, done, userdata);
                return;
        }
        r = unikernel_wait(unikernel, WAIT_FOR_STOP, done, userdata);
        if (r < 0) {
                done(userdata, r, &fault);
                return;
        }

        unikernel->restart_asked = false;
        unikernel->due_change = 0;
        unikernel->stays_until_boot = order->until_boot;
        /* The wish outlives us, so it is written down while the tender ends. */
        if (!order->until_boot && (unikernel->wanted || unikernel->unsaved)) {
                unikernel->wanted = false;
                r = record_save_wish(unikernel);
                if (r < 0)
                        unikernel->save_error = r;
        }
        unikernel_bring_down(unikernel);
}

static int check_destroy(const Unikernel *unikernel, const DestroyOrder *order, Fault *fault) {
        if (!order->with_blocks)
                return 0;
        if (unikernel->destroying && !unikernel->destroys_blocks)
                return fault_set(fault, FAULT_WRONG_STATE,
                                 "%s is being destroyed already, without its block devices",
                                 unikernel->name.text);
        return blocks_check_remove_owned(unikernel, fault);
}

void manager_destroy(Manager *manager,
                     const DestroyOrder *order,
                     ManagerDone done,
                     void *userdata) {
        Unikernel *unikernel = manager_find(manager, order->name.text);
        Fault fault = {};
        int r;

        if (!unikernel) {
                refuse_unknown(&order->name, done, userdata);
                return;
        }
        r = check_destroy(unikernel, order, &fault);
        if (r >= 0)
                r = unikernel_wait(unikernel, WAIT_FOR_DESTROY, done, userdata);
        if (r < 0) {
                done(userdata, r, &fault);
                return;
        }
        if (unikernel->destroying)
                return;
        unikernel->destroying = true;
        unikernel->destroys_blocks = order->with_blocks;
        /* What was begun with them the next daemon goes on with, whether it runs or not. */
        if (order->with_blocks)
                (void) run_record_write(unikernel);
        unikernel_bring_down(unikernel);
}
