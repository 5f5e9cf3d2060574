/* SPDX-License-Identifier: ISC */

/* The methods of /org/albatross that change what a unikernel is. */

#include "base/cleanup.h"
#include "bus/options.h"
#include "bus/service.h"

/* One that may use the MACs of others, to which an owner's delegation does not reach: any, or one
 * that it chooses, which may be that of a host elsewhere on the bridge. */
bool bus_has_unlocked_net(const Config *config) {
        for (size_t i = 0; i < config->devices.n_nets; i++) {
                const Net *net = &config->devices.nets[i];

                if (net->unlocked || mac_is_given(&net->mac))
                        return true;
        }
        return false;
}

static void set_allowed(Call *call) {
        call->set.name = call->name;
        manager_set(call->service->manager, &call->set, call_done, call);
}

int bus_method_set(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        const char *verb;
        Fault fault = {};
        int r;

        r = call_new(&call, userdata, message, TURN_CALL);
        if (r < 0)
                return r;
        r = bus_read_name(message, &call->name, error);
        if (r < 0)
                return r;
        r = options_read_set(message, &call->set, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        verb = bus_has_unlocked_net(&call->set.change.values) ? "set-unlocked" : "set";
        return call_authorize(TAKE_PTR(call), "org.albatross.manage-unikernels", verb, set_allowed);
}

static void update_allowed(Call *call) {
        call->update.name = call->name;
        manager_update(call->service->manager, &call->update, call_done, call);
}

int bus_method_update(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        const char *verb;
        Fault fault = {};
        int fd;
        int r;

        r = call_new(&call, userdata, message, TURN_TRANSFER);
        if (r < 0)
                return r;
        r = bus_read_name(message, &call->name, error);
        if (r < 0)
                return r;
        r = sd_bus_message_read_basic(message, 'h', &fd);
        if (r < 0)
                return r;
        r = options_read_update(message, &call->update, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        /* The descriptor belongs to the message, which the call keeps. */
        call->update.image_fd = fd;
        verb = bus_has_unlocked_net(&call->update.change.values) ? "update-unlocked" : "update";
        return call_authorize(TAKE_PTR(call), "org.albatross.manage-unikernels", verb,
                              update_allowed);
}
