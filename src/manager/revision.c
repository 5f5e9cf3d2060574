/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/blocks.h"
#include "manager/chronicle.h"
#include "manager/revision.h"
#include "manager/start.h"

/* The one that is being changed by @revision, even while its record is being removed: should that
 * fail, it stays. */
static Unikernel *find_owner(const Revision *revision) {
        Unikernel *unikernel = unikernels_find(revision->manager, revision->name.text);

        return unikernel && unikernel->revision == revision ? unikernel : NULL;
}

Unikernel *revision_find(const Revision *revision) {
        Unikernel *unikernel = find_owner(revision);

        return unikernel && !unikernel->removing ? unikernel : NULL;
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

/* As long as its gate is closed, there is no run that the next daemon could find. */
static void write_run(Unikernel *unikernel) {
        if (!unikernel->run || unikernel->run->opened ||
            (unikernel->start && unikernel->start->opening))
                (void) run_record_write(unikernel);
}

void revision_forget(Unikernel *unikernel) {
        if (unikernel->watched_until_usec == 0 && unikernel->due_change == 0)
                return;
        unikernel->watched_until_usec = unikernel->watched_change = unikernel->due_change = 0;
        write_run(unikernel);
}

void revision_fail(Revision *revision, int r, const Fault *fault) {
        Fault told;
        Unikernel *unikernel = find_owner(revision);

        if (unikernel) {
                unikernel->revision = NULL;
                revision_forget(unikernel);
        }
        release(revision->manager, revision->next);
        release(revision->manager, revision->undo);
        tender_unref(revision->tender);
        sd_event_source_disable_unref(revision->timer);
        tell_no_way_back(revision, r, fault, &told);
        revision->done(revision->userdata, r, &told);
        free(revision);
}

void revision_succeed(Revision *revision) {
        if (revision->goes_back)
                revision_fail(revision, -ECANCELED, &revision->why);
        else
                revision_fail(revision, 0, NULL);
}

void revision_fail_gone(Revision *revision) {
        Fault fault = {};
        int r;

        r = fault_set(&fault, FAULT_NO_SUCH_UNIKERNEL, "%s was destroyed while it was changed",
                      revision->name.text);
        revision_fail(revision, r, &fault);
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

/* Becomes what it is to be, in memory. What is written down from now on has the version before in
 * it, whoever asks for it. */
static void become_next(Revision *revision, Unikernel *unikernel) {
        revision->undo = TAKE_PTR(revision->next);
        swap_versions(unikernel, revision->undo);
        if (revision->keeps) {
                revision->older = unikernel->previous;
                unikernel->previous = revision->undo;
        }
}

static void undo(Revision *revision, Unikernel *unikernel) {
        swap_versions(unikernel, revision->undo);
        if (revision->keeps)
                unikernel->previous = TAKE_PTR(revision->older);
        (void) follow_devices(unikernel, NULL);
        (void) claim_narrow(unikernel->claim);
        revision_forget(unikernel);
}

/* A start that began meanwhile has taken the image and the devices of what it was not to become. */
static void fail_start(Unikernel *unikernel, int r) {
        if (unikernel->start)
                start_fail(unikernel->start,
                           disk_refuse(start_fault(unikernel->start), r,
                                       "What %s was to become could not be written",
                                       unikernel->name.text));
}

/* --- from the check to the disk --- */

static int save(Revision *revision, Unikernel *unikernel, ManagerDone done) {
        int r;

        r = unikernel_wait(unikernel, WAIT_FOR_NEXT_SAVE, done, revision);
        if (r < 0)
                return r;
        r = record_save(unikernel);
        if (r < 0)
                unikernel_answer(unikernel, WAIT_FOR_SAVE, r, NULL);
        return 0;
}

static void on_taken_back(void *userdata, int r, const Fault *fault) {
        Revision *revision = userdata;

        revision_fail(revision, revision->r, &revision->fault);
}

/* It may be on disk all the same, and would be there for the next daemon: what it was is written
 * over it before anybody is told. Should that fail, too, either can be there. */
static void take_back(Revision *revision, Unikernel *unikernel, int r) {
        undo(revision, unikernel);
        fail_start(unikernel, r);
        revision->r = disk_refuse(&revision->fault, r, "The record of %s could not be written",
                                  unikernel->name.text);
        unikernel_doubt(unikernel, TAKE_PTR(revision->undo));
        if (save(revision, unikernel, on_taken_back) < 0)
                revision_fail(revision, revision->r, &revision->fault);
}

static void on_saved(void *userdata, int r, const Fault *fault) {
        Revision *revision = userdata;
        Unikernel *unikernel = revision_find(revision);

        if (!unikernel) {
                revision_fail_gone(revision);
                return;
        }
        if (r < 0) {
                take_back(revision, unikernel, r);
                return;
        }
        if (revision->keeps) {
                release(revision->manager, TAKE_PTR(revision->older));
                revision->undo = NULL;
        }
        /* From here on it is a start, which is noted as such. */
        unikernel->watched_until_usec = unikernel->watched_change = 0;
        unikernel_log_changed(unikernel, revision->goes_back);
        unikernel->manager->observer.configured(unikernel->manager->observer.userdata, unikernel);
        if (!revision_is_to_restart(revision, unikernel)) {
                revision_succeed(revision);
                return;
        }
        r = unikernel_restart(unikernel, revision_restarted, revision);
        if (r < 0)
                revision_fail(revision, r, NULL);
}

/* A daemon that finds the change on disk, and this, has it run. */
static void note_restart(const Revision *revision, Unikernel *unikernel) {
        bool is_due = revision_is_to_restart(revision, unikernel);

        if (!is_due && unikernel->due_change == 0)
                return;
        unikernel->due_change = is_due ? unikernel->n_changes : 0;
        unikernel->due_watch_usec = revision->goes_back ? 0 : revision->watch_usec;
        write_run(unikernel);
}

/* The devices that its image wants are in its manifest, or those that it has already. */
static int check(Revision *revision, Unikernel *unikernel, Fault *fault) {
        DeviceWanted wanted[IMAGE_DEVICES_MAX];
        size_t n_wanted;

        if (revision->is_taken_in && !revision->goes_back)
                n_wanted = devices_wanted_by_image(&revision->notes, wanted);
        else
                n_wanted = devices_wanted_before(revision->order ? &unikernel->config.devices
                                                                 : &revision->next->config.devices,
                                                 wanted);
        return revision_check(revision, unikernel, wanted, n_wanted, fault);
}

static void carry_out(Revision *revision) {
        Unikernel *unikernel = revision_find(revision);
        Fault fault = {};
        int r;

        if (!unikernel || unikernel->destroying) {
                revision_fail_gone(revision);
                return;
        }
        r = check(revision, unikernel, &fault);
        if (r < 0) {
                revision_fail(revision, r, &fault);
                return;
        }
        become_next(revision, unikernel);
        r = follow_devices(unikernel, &fault);
        if (r >= 0) {
                note_restart(revision, unikernel);
                r = save(revision, unikernel, on_saved);
        }
        if (r < 0) {
                undo(revision, unikernel);
                revision_fail(revision, r, &fault);
        }
}

static void choose_tender(void *userdata) {
        Revision *revision = userdata;
        const ImageInfo *image = &revision->next->image;
        Tenders *tenders = revision->manager->tenders;
        Fault fault = {};
        int r;

        revision->tender = tender_unref(revision->tender);
        r = tenders_choose(tenders, image->target, image->abi_version, &revision->tender, &fault);
        if (r == -EAGAIN) {
                revision->tender_wait = (TenderWait){.again = choose_tender, .userdata = revision};
                tenders_wait(tenders, &revision->tender_wait);
        } else if (r < 0)
                revision_fail(revision, r, &fault);
        else
                carry_out(revision);
}

void revision_carry_out(Revision *revision) {
        const Unikernel *unikernel = revision_find(revision);

        /* One that keeps its image, and is not started now, may wait for a tender. */
        if (unikernel && (revision->keeps || revision_is_to_restart(revision, unikernel)))
                choose_tender(revision);
        else
                carry_out(revision);
}
