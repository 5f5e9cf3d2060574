/* SPDX-License-Identifier: ISC */

/* The changes of a unikernel that can be asked for: set, update and rollback. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/mac.h"
#include "manager/intake.h"
#include "manager/revision.h"

int version_copy_held(Version **ret, Manager *manager, const Version *version) {
        _cleanup_(version_freep) Version *copy = NULL;
        int r;

        copy = calloc(1, sizeof(*copy));
        if (!copy)
                return -ENOMEM;
        r = config_copy(&copy->config, &version->config);
        if (r < 0) {
                copy->config = (Config){};
                return r;
        }
        copy->image = version->image;
        r = image_hold(&copy->image_hold, manager, copy->image.digest);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(copy);
        return 0;
}

static int begin(Revision **ret, Manager *manager, const Name *name, Fault *fault) {
        Unikernel *unikernel = manager_find(manager, name->text);
        Revision *revision;

        if (!unikernel)
                return name_refuse_unknown(name, fault);
        if (unikernel->destroying || unikernel->revision)
                return fault_set(fault, FAULT_WRONG_STATE, "%s is being %s", name->text,
                                 unikernel->destroying ? "destroyed" : "changed already");
        revision = calloc(1, sizeof(*revision));
        if (!revision)
                return -ENOMEM;
        revision->manager = manager;
        revision->name = *name;
        unikernel->revision = revision;
        *ret = revision;
        return 0;
}

/* From now on it is the revision that answers. */
static void hand_over(Revision *revision, ManagerDone done, void *userdata) {
        revision->done = done;
        revision->userdata = userdata;
}

/* What @unikernel becomes by @change, with the image that it has. */
static int make_next(Revision *revision,
                     const Unikernel *unikernel,
                     const ConfigChange *change,
                     Fault *fault) {
        Version *next;
        int r;

        next = calloc(1, sizeof(*next));
        if (!next)
                return -ENOMEM;
        revision->next = next;
        r = config_change_apply(change, &unikernel->config, &next->config, fault);
        return r < 0 ? r : config_check(&next->config, &unikernel->name, fault);
}

static void set(Revision *revision, Unikernel *unikernel) {
        Fault fault = {};
        int r;

        r = make_next(revision, unikernel, &revision->order->change, &fault);
        if (r >= 0) {
                revision->next->image = unikernel->image;
                r = image_hold(&revision->next->image_hold, revision->manager,
                               unikernel->image.digest);
        }
        if (r < 0)
                revision_fail(revision, r, &fault);
        else
                revision_carry_out(revision);
}

static void on_start_over(void *userdata, int r, const Fault *fault) {
        Revision *revision = userdata;
        Unikernel *unikernel = manager_find(revision->manager, revision->name.text);
        Fault refusal = {};

        if (unikernel && unikernel->revision == revision && !unikernel->destroying)
                set(revision, unikernel);
        else
                revision_fail(revision, name_refuse_unknown(&revision->name, &refusal), &refusal);
}

void manager_set(Manager *manager, const SetOrder *order, ManagerDone done, void *userdata) {
        Unikernel *unikernel = manager_find(manager, order->name.text);
        Revision *revision = NULL;
        Fault fault = {};
        int r;

        r = begin(&revision, manager, &order->name, &fault);
        if (r < 0) {
                done(userdata, r, &fault);
                return;
        }
        hand_over(revision, done, userdata);
        revision->restarts = order->now;
        revision->order = order;
        /* One that is being started was admitted as it is, and its scope was made for that. */
        if (unikernel->start && !order->now) {
                r = unikernel_wait(unikernel, WAIT_FOR_START, on_start_over, revision);
                if (r < 0)
                        revision_fail(revision, r, NULL);
                return;
        }
        set(revision, unikernel);
}

static bool has_net(const Devices *devices, const Net *wanted) {
        for (size_t i = 0; i < devices->n_nets; i++) {
                const Net *net = &devices->nets[i];

                if (strcmp(net->bridge.text, wanted->bridge.text) == 0 &&
                    memcmp(&net->mac, &wanted->mac, sizeof(Mac)) == 0 &&
                    net->unlocked >= wanted->unlocked)
                        return true;
        }
        return false;
}

bool manager_rollback_is_unlocked(Manager *manager, const Name *name) {
        const Unikernel *unikernel = manager_find(manager, name->text);
        const Devices *devices;

        if (!unikernel || !unikernel->previous)
                return false;
        devices = &unikernel->previous->config.devices;
        for (size_t i = 0; i < devices->n_nets; i++) {
                const Net *net = &devices->nets[i];
                const Mac derived = mac_derive(net->guest, name);

                if ((net->unlocked || memcmp(&net->mac, &derived, sizeof(derived)) != 0) &&
                    !has_net(&unikernel->config.devices, net))
                        return true;
        }
        return false;
}

void manager_rollback(Manager *manager, const Name *name, ManagerDone done, void *userdata) {
        Unikernel *unikernel = manager_find(manager, name->text);
        Revision *revision = NULL;
        Fault fault = {};
        int r;

        if (unikernel && !unikernel->previous)
                r = fault_set(&fault, FAULT_WRONG_STATE,
                              "%s was not updated: there is no version before", name->text);
        else
                r = begin(&revision, manager, name, &fault);
        if (r < 0) {
                done(userdata, r, &fault);
                return;
        }
        hand_over(revision, done, userdata);
        revision->keeps = revision->restarts = true;
        r = version_copy_held(&revision->next, manager, unikernel->previous);
        if (r < 0)
                revision_fail(revision, r, &fault);
        else
                revision_carry_out(revision);
}

/* --- update --- */

static void on_taken_in(void *userdata, int r, const Fault *fault, IntakeResult *result) {
        Revision *revision = userdata;
        Version *next = revision->next;

        if (r < 0) {
                revision_fail(revision, r, fault);
                return;
        }
        next->image = result->info;
        next->image_hold = TAKE_PTR(result->hold);
        revision->notes = result->notes;
        revision->is_taken_in = true;
        revision_carry_out(revision);
}

void manager_update(Manager *manager, const UpdateOrder *order, ManagerDone done, void *userdata) {
        Unikernel *unikernel = manager_find(manager, order->name.text);
        Revision *revision = NULL;
        Fault fault = {};
        int r;

        r = begin(&revision, manager, &order->name, &fault);
        if (r < 0) {
                done(userdata, r, &fault);
                return;
        }
        hand_over(revision, done, userdata);
        revision->keeps = revision->restarts = true;
        revision->watch_usec = order->wait_running_usec;
        /* What can be refused is, before a byte is taken in. */
        r = make_next(revision, unikernel, &order->change, &fault);
        if (r >= 0)
                r = host_bridges_check(manager, &revision->next->config.devices, &fault);
        if (r >= 0)
                r = unikernel_claim_check(unikernel, &revision->next->config, false, &fault);
        if (r >= 0)
                r = intake_start(manager,
                                 &(const IntakeOrder){.name = &order->name,
                                                      .client_fd = order->image_fd,
                                                      .is_delegated = order->is_delegated},
                                 on_taken_in, revision);
        if (r < 0)
                revision_fail(revision, r, &fault);
}
