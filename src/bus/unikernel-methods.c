/* SPDX-License-Identifier: ISC */

/* The methods of /org/albatross that are about one unikernel, or tell which there are. */

#include <stdlib.h>

#include "base/cleanup.h"
#include "bus/append.h"
#include "bus/options.h"
#include "bus/service.h"

/* One that may use the MACs of others, to which an owner's delegation does not reach: any, or one
 * that it chooses, which may be that of a host elsewhere on the bridge. */
static bool has_unlocked_net(const Config *config) {
        for (size_t i = 0; i < config->devices.n_nets; i++) {
                const Net *net = &config->devices.nets[i];

                if (net->unlocked || mac_is_given(&net->mac))
                        return true;
        }
        return false;
}

/* The descriptor belongs to the message, which the call keeps. */
static int read_image(Call *call, int *ret_fd) {
        return sd_bus_message_read_basic(call->message, 'h', ret_fd);
}

/* --- create --- */

/* One whose name is taken needs no bytes to be refused. */
static bool creates(BusService *service, sd_bus_message *message, const Name *name) {
        return !manager_knows(service->manager, name->text);
}

static int read_create(Call *call, Fault *fault) {
        int r;

        r = read_image(call, &call->create.image_fd);
        if (r < 0)
                return r;
        r = options_read_create(call->message, &call->create, fault);
        if (r >= 0 && has_unlocked_net(&call->create.change.values))
                call->verb = "create-unlocked";
        return r;
}

/* Its object is the answer. */
static void object_done(void *userdata, int r, const Fault *fault) {
        _cleanup_(freep) char *path = NULL;
        Call *call = userdata;

        if (r >= 0)
                r = unikernel_path(call->name.text, &path);
        if (r < 0)
                call_fail(call, r, fault);
        else
                call_reply(call, "o", path);
}

static void create(Call *call) {
        call->create.name = call->name;
        call->create.is_delegated = call->owners;
        manager_create(call->service->manager, &call->create, object_done, call);
}

/* --- what it is: set, update, rollback --- */

static int read_set(Call *call, Fault *fault) {
        int r;

        r = options_read_set(call->message, &call->set, fault);
        if (r >= 0 && has_unlocked_net(&call->set.change.values))
                call->verb = "set-unlocked";
        return r;
}

static void set(Call *call) {
        call->set.name = call->name;
        manager_set(call->service->manager, &call->set, call_done, call);
}

/* One that is not there to be updated needs no bytes, either. */
static bool updates(BusService *service, sd_bus_message *message, const Name *name) {
        return manager_find(service->manager, name->text);
}

static int read_update(Call *call, Fault *fault) {
        int r;

        r = read_image(call, &call->update.image_fd);
        if (r < 0)
                return r;
        r = options_read_update(call->message, &call->update, fault);
        if (r >= 0 && has_unlocked_net(&call->update.change.values))
                call->verb = "update-unlocked";
        return r;
}

static void update(Call *call) {
        call->update.name = call->name;
        call->update.is_delegated = call->owners;
        manager_update(call->service->manager, &call->update, call_done, call);
}

static int read_rollback(Call *call, Fault *fault) {
        if (manager_rollback_is_unlocked(call->service->manager, &call->name))
                call->verb = "rollback-unlocked";
        return call_read_no_options(call, fault);
}

static void roll_back(Call *call) {
        Fault fault = {};
        int r;

        /* Which version is the one before may have changed while polkit was asked. */
        if (call->verb == call->method->verb && !bus_sender_is_root(call->service, call->message) &&
            manager_rollback_is_unlocked(call->service->manager, &call->name)) {
                r = fault_set(&fault, FAULT_NOT_AUTHORIZED,
                              "What %s was before has changed meanwhile, try again",
                              call->name.text);
                call_fail(call, r, &fault);
                return;
        }
        manager_rollback(call->service->manager, &call->name, call_done, call);
}

/* --- whether it runs, or is there --- */

static void start(Call *call) {
        manager_start(call->service->manager, &call->name, call_done, call);
}

static void stop(Call *call) {
        call->stop.name = call->name;
        manager_stop(call->service->manager, &call->stop, call_done, call);
}

static void restart(Call *call) {
        manager_restart(call->service->manager, &call->name, call_done, call);
}

static int read_destroy(Call *call, Fault *fault) {
        int r;

        r = options_read_destroy(call->message, &call->destroy, fault);
        call->needs_blocks = r >= 0 && call->destroy.with_blocks;
        return r;
}

static void destroy(Call *call) {
        call->destroy.name = call->name;
        manager_destroy(call->service->manager, &call->destroy, call_done, call);
}

/* --- what everybody may know --- */

static int append_unikernel(void *userdata, const Unikernel *unikernel) {
        _cleanup_(freep) char *path = NULL;
        sd_bus_message *reply = userdata;
        int r;

        r = unikernel_path(unikernel->name.text, &path);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'r', "ssttauuso");
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "sstt", unikernel->name.text,
                                  state_to_string(unikernel->state), unikernel->state_usec,
                                  unikernel->config.memory_bytes);
        if (r < 0)
                return r;
        r = bus_append_cpus(reply, &unikernel->config.cpus);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "uso", unikernel->n_restarts, unikernel_type(unikernel),
                                  path);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(reply);
}

static int append_unikernels(sd_bus_message *reply, void *userdata) {
        Call *call = userdata;

        return manager_visit(call->service->manager, call->name.text, append_unikernel, reply);
}

static void list(Call *call) {
        call_reply_array(call, "(ssttauuso)", append_unikernels, call);
}

static void get(Call *call) {
        if (manager_find(call->service->manager, call->name.text))
                object_done(call, 0, NULL);
        else
                call_fail_unknown(call);
}

const Method unikernel_methods[] = {
        {"CreateUnikernel", "manage-unikernels", "create", TARGET_NAME, TURN_TRANSFER, creates,
         read_create, create},
        {"DestroyUnikernel", "manage-unikernels", "destroy", TARGET_NAME, .read = read_destroy,
         .allowed = destroy},
        {"StartUnikernel", "manage-unikernels", "start", TARGET_NAME, .read = call_read_no_options,
         .allowed = start},
        {"StopUnikernel", "manage-unikernels", "stop", TARGET_NAME, .read = call_read_stop,
         .allowed = stop},
        {"RestartUnikernel", "manage-unikernels", "restart", TARGET_NAME,
         .read = call_read_no_options, .allowed = restart},
        {"SetUnikernel", "manage-unikernels", "set", TARGET_NAME, .read = read_set, .allowed = set},
        {"UpdateUnikernel", "manage-unikernels", "update", TARGET_NAME, TURN_TRANSFER, updates,
         read_update, update},
        {"RollbackUnikernel", "manage-unikernels", "rollback", TARGET_NAME, .read = read_rollback,
         .allowed = roll_back},
        {"ListUnikernels", .target = TARGET_PREFIX, .allowed = list},
        {"GetUnikernel", .target = TARGET_NAME, .allowed = get},
        {},
};
