/* SPDX-License-Identifier: ISC */

/* Whether a new version stays up, and the way back. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "manager/chronicle.h"
#include "manager/revision.h"

static void go_back(Revision *revision, Unikernel *unikernel, int r, const Fault *fault) {
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
        revision_carry_out(revision);
}

/* It does not run, or not that run any more: was that somebody's wish? */
static void look_at_end(Revision *revision, Unikernel *unikernel) {
        Fault fault = {};
        int r;

        if (unikernel->wanted && !unikernel->stays_until_boot && !unikernel->destroying &&
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
        Unikernel *unikernel = revision_find(revision);

        if (!unikernel)
                revision_fail_gone(revision);
        else if (unikernel->run)
                revision_succeed(revision);
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

static void drop_watch(Unikernel *unikernel) {
        unikernel->watched_until_usec = unikernel->watched_change = 0;
        (void) run_record_write(unikernel);
}

void revision_resume_watch(Unikernel *unikernel) {
        Revision *revision;

        if (unikernel->due_change != 0 && !revision_is_due(unikernel)) {
                /* The next change may have that number, and is another one. */
                unikernel->due_change = 0;
                (void) run_record_write(unikernel);
        }
        if (unikernel->watched_until_usec == 0)
                return;
        if (!unikernel->wanted || !unikernel->previous || unikernel->destroying ||
            unikernel->stays_until_boot || unikernel->restart_asked || revision_is_due(unikernel)) {
                drop_watch(unikernel);
                return;
        }
        if (unikernel->watched_change != unikernel->n_changes) {
                /* That it goes back was written down already, and not begun yet. */
                drop_watch(unikernel);
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

void revision_restarted(void *userdata, int r, const Fault *fault) {
        Revision *revision = userdata;
        Unikernel *unikernel = revision_find(revision);

        if (!unikernel)
                revision_fail_gone(revision);
        else if (revision->goes_back)
                revision_succeed(revision);
        else if (r < 0 && revision->watch_usec > 0 && unikernel->wanted &&
                 !unikernel->stays_until_boot)
                go_back(revision, unikernel, r, fault);
        else if (r < 0 || revision->watch_usec == 0)
                revision_fail(revision, r, fault);
        else if (!unikernel->run)
                go_back(revision, unikernel, 0, NULL);
        else {
                unikernel->watched_until_usec = clock_usec(CLOCK_MONOTONIC) + revision->watch_usec;
                unikernel->watched_change = unikernel->n_changes;
                (void) run_record_write(unikernel);
                watch(revision, unikernel);
        }
}

bool revision_is_due(const Unikernel *unikernel) {
        return unikernel->due_change > 0 && unikernel->due_change == unikernel->n_changes &&
               unikernel->wanted && !unikernel->destroying && !unikernel->stays_until_boot;
}

void revision_note_run(Unikernel *unikernel) {
        bool is_due = revision_is_due(unikernel);

        unikernel->due_change = 0;
        if (!is_due || unikernel->due_watch_usec == 0)
                return;
        unikernel->watched_until_usec = clock_usec(CLOCK_MONOTONIC) + unikernel->due_watch_usec;
        unikernel->watched_change = unikernel->n_changes;
        /* The daemon that was asked for the change has died before this. */
        if (!unikernel->revision)
                revision_resume_watch(unikernel);
}

void revisions_begin(Manager *manager) {
        _cleanup_(freep) Unikernel **all = NULL;
        size_t n;

        if (unikernels_snapshot(manager, &all, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++)
                if (!all[i]->run && !all[i]->start)
                        look_after_run(all[i]);
}
