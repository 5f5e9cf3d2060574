/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/blocks.h"
#include "manager/chronicle.h"
#include "manager/revision.h"
#include "manager/start.h"

/* The one that is being changed by @revision, if it is still there. */
static Unikernel *find(const Revision *revision) {
        Unikernel *unikernel = manager_find(revision->manager, revision->name.text);

        return unikernel && unikernel->revision == revision ? unikernel : NULL;
}

static void release(Manager *manager, Version *version) {
        if (!version)
                return;
        image_release(manager, TAKE_PTR(version->image_hold));
        version_free(version);
}

/* Who hears only why there is no way back does not know that there was to be one. */
static void tell_no_way_back(const Revision *revision, int r, const Fault *fault, Fault *ret) {
        *ret = fault ? *fault : (Fault){};
        if (!revision->goes_back || r >= 0 || ret->code == FAULT_ROLLED_BACK)
                return;
        (void) fault_set(ret, ret->code == FAULT_NONE ? FAULT_FAILED : ret->code,
                         "The new version of %s did not stay up, and the one before can't be "
                         "brought back: %s",
                         revision->name.text,
                         ret->code == FAULT_NONE ? strerrordesc_np(-r) : fault->message);
        if (fault && fault->hint[0])
                fault_hint(ret, "%s", fault->hint);
}

static void forget_watch(Unikernel *unikernel) {
        if (unikernel->watched_until_usec == 0)
                return;
        unikernel->watched_until_usec = unikernel->watched_change = 0;
        (void) run_record_write(unikernel);
}

void revision_fail(Revision *revision, int r, const Fault *fault) {
        Fault told;
        Unikernel *unikernel = find(revision);

        if (unikernel) {
                unikernel->revision = NULL;
                forget_watch(unikernel);
        }
        release(revision->manager, revision->next);
        release(revision->manager, revision->undo);
        tender_unref(revision->tender);
        sd_event_source_disable_unref(revision->timer);
        tell_no_way_back(revision, r, fault, &told);
        revision->done(revision->userdata, r, &told);
        free(revision);
}

static void succeed(Revision *revision) {
        if (revision->goes_back)
                revision_fail(revision, -ECANCELED, &revision->why);
        else
                revision_fail(revision, 0, NULL);
}

static int gone(const Revision *revision, Fault *fault) {
        return fault_set(fault, FAULT_NO_SUCH_UNIKERNEL, "%s was destroyed while it was changed",
                         revision->name.text);
}

static void swap_versions(Unikernel *unikernel, Version *version) {
        const Version current = {
                .config = unikernel->config,
                .image = unikernel->image,
                .image_hold = unikernel->image_hold,
        };

        unikernel->config = version->config;
        unikernel->image = version->image;
        unikernel->image_hold = version->image_hold;
        unikernel->n_changes++;
        *version = current;
}

/* The networks and block devices that are its own follow its configuration. */
static int follow_devices(Unikernel *unikernel, Fault *fault) {
        int r;

        macs_give_back(unikernel);
        r = macs_take(unikernel, fault);
        if (r < 0)
                return r;
        blocks_unassign(unikernel);
        return blocks_assign(unikernel, fault);
}

static void undo(Revision *revision, Unikernel *unikernel) {
        swap_versions(unikernel, revision->undo);
        (void) follow_devices(unikernel, NULL);
        (void) unikernel_claim_again(unikernel, NULL);
}

/* A start that began meanwhile has taken the image and the devices of what it was not to become. */
static void fail_start(Unikernel *unikernel, int r) {
        if (unikernel->start)
                start_fail(unikernel->start,
                           disk_refuse(start_fault(unikernel->start), r,
                                       "What %s was to become could not be written",
                                       unikernel->name.text));
}

/* --- whether it stays up --- */

static void go_back(Revision *revision, Unikernel *unikernel, int r, const Fault *fault) {
        DeviceWanted wanted[IMAGE_DEVICES_MAX];
        size_t n_wanted;

        revision->is_watching = false;
        revision->timer = sd_event_source_disable_unref(revision->timer);
        (void) fault_set(&revision->why, FAULT_ROLLED_BACK,
                         "The new version of %s did not stay up, it is the one before again%s%s",
                         unikernel->name.text, r < 0 ? ": " : "",
                         r >= 0                      ? ""
                         : fault->code != FAULT_NONE ? fault->message
                                                     : strerrordesc_np(-r));
        fault_hint(&revision->why, "See: albatrossctl console %s", unikernel->name.text);
        revision->goes_back = true;
        r = version_copy_held(&revision->next, unikernel->manager, unikernel->previous);
        if (r < 0) {
                revision_fail(revision, r, NULL);
                return;
        }
        n_wanted = devices_wanted_before(&revision->next->config.devices, wanted);
        revision_carry_out(revision, wanted, n_wanted);
}

/* It does not run, or not that run any more: was that somebody's wish? */
static void look_at_end(Revision *revision, Unikernel *unikernel) {
        Fault fault = {};
        int r;

        if (unikernel->wanted && !unikernel->destroying &&
            unikernel->last_exit.result != EXIT_STOPPED) {
                go_back(revision, unikernel, 0, NULL);
                return;
        }
        r = fault_set(&fault, FAULT_WRONG_STATE, "%s was stopped while it was watched",
                      unikernel->name.text);
        revision_fail(revision, r, &fault);
}

static int on_stays(sd_event_source *source, uint64_t usec, void *userdata) {
        Revision *revision = userdata;
        Unikernel *unikernel = find(revision);
        Fault fault = {};

        if (!unikernel)
                revision_fail(revision, gone(revision, &fault), &fault);
        else if (unikernel->run)
                succeed(revision);
        else if (unikernel->manager->booting)
                look_at_end(revision, unikernel);
        return 0;
}

static void look_after_run(Unikernel *unikernel) {
        Revision *revision = unikernel->revision;

        if (!revision || !revision->is_watching)
                return;
        /* One that did not take its name is started without it, and that is what is watched. */
        if (unikernel->state == STATE_WAITING && exit_refuses_arguments(unikernel->last_exit))
                return;
        look_at_end(revision, unikernel);
}

void revision_run_ended(Unikernel *unikernel) {
        /* What it would go back to can't be checked before all is told: see revisions_begin(). */
        if (unikernel->manager->booting)
                look_after_run(unikernel);
}

static void watch(Revision *revision, Unikernel *unikernel) {
        int r;

        revision->is_watching = true;
        r = sd_event_add_time(revision->manager->event, &revision->timer, CLOCK_MONOTONIC,
                              unikernel->watched_until_usec, 0, on_stays, revision);
        if (r < 0)
                revision_fail(revision, r, NULL);
}

/* Whoever has asked for the change has lost his answer with the daemon that was to give it. That it
 * went back is told where it does. */
static void on_watched(void *userdata, int r, const Fault *fault) {
        const Revision *revision = userdata;
        const Unikernel *unikernel = manager_find(revision->manager, revision->name.text);

        if (r < 0 && unikernel && fault->code != FAULT_ROLLED_BACK)
                unikernel_log(unikernel, fault->code == FAULT_WRONG_STATE ? LOG_INFO : LOG_ERR,
                              "%s",
                              fault->code == FAULT_NONE ? strerrordesc_np(-r) : fault->message);
}

void revision_resume_watch(Unikernel *unikernel) {
        Revision *revision;

        if (unikernel->watched_until_usec == 0)
                return;
        if (!unikernel->wanted || !unikernel->previous || unikernel->destroying ||
            unikernel->stays_until_boot || unikernel->restart_asked) {
                forget_watch(unikernel);
                return;
        }
        if (unikernel->watched_change != unikernel->n_changes) {
                /* That it goes back was written down already, and not begun yet. */
                forget_watch(unikernel);
                if (!unikernel->run)
                        boot_add(unikernel->manager, unikernel);
                return;
        }
        revision = calloc(1, sizeof(*revision));
        if (!revision) {
                unikernel_log(unikernel, LOG_ERR, "No memory to watch whether %s stays up",
                              unikernel->name.text);
                return;
        }
        *revision = (Revision){
                .manager = unikernel->manager,
                .name = unikernel->name,
                .keeps = true,
                .restarts = true,
                .done = on_watched,
                .userdata = revision,
        };
        unikernel->revision = revision;
        watch(revision, unikernel);
}

static void on_restarted(void *userdata, int r, const Fault *fault) {
        Revision *revision = userdata;
        Unikernel *unikernel = find(revision);

        if (!unikernel) {
                Fault refusal = {};

                r = gone(revision, &refusal);
                revision_fail(revision, r, &refusal);
        } else if (revision->goes_back)
                succeed(revision);
        else if (r < 0 && revision->watch_usec > 0 && unikernel->wanted)
                go_back(revision, unikernel, r, fault);
        else if (r < 0 || revision->watch_usec == 0)
                revision_fail(revision, r, fault);
        else if (!unikernel->run)
                go_back(revision, unikernel, 0, NULL);
        else {
                unikernel->watched_until_usec = manager_now(CLOCK_MONOTONIC) + revision->watch_usec;
                unikernel->watched_change = unikernel->n_changes;
                (void) run_record_write(unikernel);
                watch(revision, unikernel);
        }
}

/* --- from the check to the disk --- */

static void on_saved(void *userdata, int r, const Fault *fault) {
        Revision *revision = userdata;
        Unikernel *unikernel = find(revision);
        Fault refusal = {};

        if (!unikernel) {
                r = gone(revision, &refusal);
                revision_fail(revision, r, &refusal);
                return;
        }
        if (r < 0) {
                undo(revision, unikernel);
                fail_start(unikernel, r);
                r = disk_refuse(&refusal, r, "The record of %s could not be written",
                                unikernel->name.text);
                revision_fail(revision, r, &refusal);
                return;
        }
        if (revision->keeps) {
                release(revision->manager, unikernel->previous);
                unikernel->previous = TAKE_PTR(revision->undo);
        }
        /* From here on it is a start, which is noted as such. */
        unikernel->watched_until_usec = unikernel->watched_change = 0;
        unikernel_log_changed(unikernel, revision->goes_back);
        unikernel->manager->observer.configured(unikernel->manager->observer.userdata, unikernel);
        if (!revision->restarts || !(revision->goes_back || revision_concerns_run(unikernel))) {
                succeed(revision);
                return;
        }
        r = unikernel_restart(unikernel, on_restarted, revision);
        if (r < 0)
                revision_fail(revision, r, NULL);
}

/* What is written down has the version before in it already. */
static int save(Revision *revision, Unikernel *unikernel) {
        Version *previous = unikernel->previous;
        int r;

        r = unikernel_wait(unikernel, WAIT_FOR_SAVE, on_saved, revision);
        if (r < 0)
                return r;
        if (revision->keeps)
                unikernel->previous = revision->undo;
        r = record_save(unikernel);
        unikernel->previous = previous;
        if (r < 0)
                unikernel_answer(unikernel, WAIT_FOR_SAVE, r, NULL);
        return 0;
}

void revision_carry_out(Revision *revision, const DeviceWanted *wanted, size_t n_wanted) {
        Unikernel *unikernel = find(revision);
        Fault fault = {};
        int r;

        if (!unikernel)
                r = gone(revision, &fault);
        else
                r = revision_check(revision, unikernel, wanted, n_wanted, &fault);
        if (r < 0) {
                revision_fail(revision, r, &fault);
                return;
        }
        revision->undo = TAKE_PTR(revision->next);
        swap_versions(unikernel, revision->undo);
        r = follow_devices(unikernel, &fault);
        if (r >= 0)
                r = save(revision, unikernel);
        if (r < 0) {
                undo(revision, unikernel);
                revision_fail(revision, r, &fault);
        }
}

/* --- at the start of the daemon --- */

void revisions_begin(Manager *manager) {
        _cleanup_(freep) Unikernel **all = NULL;
        size_t n;

        if (unikernels_snapshot(manager, &all, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++)
                if (!all[i]->run && !all[i]->start)
                        look_after_run(all[i]);
}
