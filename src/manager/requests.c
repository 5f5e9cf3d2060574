/* SPDX-License-Identifier: ISC */

/* What can be asked of the manager: the table of domain/lifecycle.c decides, this performs. */

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"

static void refuse_unknown(const char *name, ManagerDone done, void *userdata) {
        Fault fault = {};
        int r;

        r = fault_set(&fault, FAULT_NO_SUCH_UNIKERNEL, "There is no unikernel %s", name);
        done(userdata, r, &fault);
}

static int reserve(Unikernel **ret, Manager *manager, const CreateOrder *order, Fault *fault) {
        Unikernel *unikernel;
        struct timespec now;
        int r;

        if (unikernels_find(manager, order->name.text))
                return fault_set(fault, FAULT_ALREADY_EXISTS, "A unikernel %s exists already",
                                 order->name.text);
        r = config_check(&order->config, &order->name, fault);
        if (r < 0)
                return r;
        r = host_bridges_check(manager, &order->config.devices, fault);
        if (r < 0)
                return r;

        unikernel = unikernel_new(manager, &order->name);
        if (!unikernel)
                return -ENOMEM;
        r = config_copy(&unikernel->config, &order->config);
        /* Before a byte of its image is taken in: what it is to have is there for nobody else. */
        if (r >= 0)
                r = unikernel_claim(unikernel, order->start, fault);
        if (r >= 0)
                r = unikernels_add(manager, unikernel);
        if (r < 0) {
                unikernel_free(unikernel);
                return r;
        }
        clock_gettime(CLOCK_REALTIME, &now);
        unikernel->created_usec = (uint64_t) now.tv_sec * 1000000U + (uint64_t) now.tv_nsec / 1000U;
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
                r = start_begin(unikernel, order->image_fd, order->start);
                if (r >= 0)
                        return;
                unikernel_answer(unikernel, WAIT_FOR_START, r, NULL);
        } else
                done(userdata, r, &fault);
        unikernels_remove(manager, unikernel);
        unikernel_free(unikernel);
}

void manager_start(Manager *manager, const Name *name, ManagerDone done, void *userdata) {
        Unikernel *unikernel = manager_find(manager, name->text);
        Fault fault = {};
        LifeStep step;
        int r;

        if (!unikernel) {
                refuse_unknown(name->text, done, userdata);
                return;
        }

        step = lifecycle_step(unikernel->state, LIFE_START);
        if (unikernel->destroying)
                step.action = LIFE_REFUSE;
        if (step.action == LIFE_NOTHING) {
                done(userdata, 0, &fault);
                return;
        }
        if (step.action == LIFE_REFUSE) {
                r = fault_set(&fault, FAULT_WRONG_STATE,
                              "%s is %s, it can be started when that is done", name->text,
                              unikernel->destroying ? "being destroyed" : "stopping");
                done(userdata, r, &fault);
                return;
        }

        if (step.action == LIFE_BEGIN) {
                r = host_bridges_check(manager, &unikernel->config.devices, &fault);
                if (r >= 0)
                        r = unikernel_claim_run(unikernel, &fault);
                if (r < 0) {
                        done(userdata, r, &fault);
                        return;
                }
        }
        r = unikernel_wait(unikernel, WAIT_FOR_START, done, userdata);
        if (r < 0) {
                if (step.action == LIFE_BEGIN)
                        claim_stop(unikernel->claim);
                done(userdata, r, &fault);
                return;
        }
        if (step.action == LIFE_BEGIN) {
                unikernel_set_state(unikernel, step.state);
                r = start_begin(unikernel, -1, true);
                if (r < 0) {
                        unikernel_set_state(unikernel, STATE_FAILED);
                        unikernel_answer(unikernel, WAIT_FOR_START, r, NULL);
                }
        }
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

/* Leads @unikernel towards its end as far as it isn't yet. */
static void bring_down(Unikernel *unikernel) {
        LifeStep step = lifecycle_step(unikernel->state, LIFE_STOP);

        unikernel_set_state(unikernel, step.state);
        if (step.action == LIFE_KILL)
                kill_gently(unikernel);
        else if (step.action == LIFE_CANCEL) {
                if (unikernel->run)
                        unikernel->run->asked = true;
                start_cancel(unikernel->start);
        }
}

void manager_stop(Manager *manager, const Name *name, ManagerDone done, void *userdata) {
        Unikernel *unikernel = manager_find(manager, name->text);
        Fault fault = {};
        int r;

        if (!unikernel) {
                refuse_unknown(name->text, done, userdata);
                return;
        }
        r = unikernel_wait(unikernel, WAIT_FOR_STOP, done, userdata);
        if (r < 0) {
                done(userdata, r, &fault);
                return;
        }

        /* The wish outlives us, so it is written down while the tender ends. */
        if (unikernel->wanted || unikernel->unsaved) {
                unikernel->wanted = false;
                r = record_save(unikernel);
                if (r < 0)
                        unikernel->save_error = r;
        }
        if (unikernel->start || unikernel->run)
                bring_down(unikernel);
        else {
                if (unikernel->state == STATE_FAILED) {
                        unikernel_set_state(unikernel, STATE_STOPPED);
                        (void) run_record_write(unikernel);
                }
                unikernel_settle(unikernel);
        }
}

void manager_destroy(Manager *manager, const Name *name, ManagerDone done, void *userdata) {
        Unikernel *unikernel = manager_find(manager, name->text);
        Fault fault = {};
        int r;

        if (!unikernel) {
                refuse_unknown(name->text, done, userdata);
                return;
        }
        r = unikernel_wait(unikernel, WAIT_FOR_DESTROY, done, userdata);
        if (r < 0) {
                done(userdata, r, &fault);
                return;
        }
        if (unikernel->destroying)
                return;
        unikernel->destroying = true;
        if (unikernel->start || unikernel->run)
                bring_down(unikernel);
        else
                unikernel_settle(unikernel);
}
