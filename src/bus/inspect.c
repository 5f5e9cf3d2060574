/* SPDX-License-Identifier: ISC */

/* Inspect(): what not everybody may see of a unikernel. */

#include "base/cleanup.h"
#include "bus/service.h"

static int append_net(sd_bus_message *reply, const Net *net) {
        char mac[MAC_TEXT_SIZE] = "";

        if (mac_is_given(&net->mac))
                mac_format(&net->mac, mac);
        return sd_bus_message_append(reply, "(sssbb)", net->guest, net->bridge.text, mac,
                                     (int) net->isolated, (int) net->unlocked);
}

/* Opens the entry @key with @array as the type of its value, and that one. */
static int open_list(sd_bus_message *reply, const char *key, const char *array, const char *type) {
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', array);
        return r < 0 ? r : sd_bus_message_open_container(reply, 'a', type);
}

static int close_list(sd_bus_message *reply) {
        int r = 0;

        for (unsigned level = 0; r >= 0 && level < 3; level++)
                r = sd_bus_message_close_container(reply);
        return r;
}

static int append_arguments(sd_bus_message *reply, const Strings *arguments) {
        int r;

        r = open_list(reply, "Arguments", "as", "s");
        for (const char *text = NULL; r >= 0 && (text = strings_next(arguments, text));)
                r = sd_bus_message_append(reply, "s", text);
        return r < 0 ? r : close_list(reply);
}

static int append_devices(sd_bus_message *reply, const Devices *devices) {
        int r;

        r = open_list(reply, "Nets", "a(sssbb)", "(sssbb)");
        for (size_t i = 0; r >= 0 && i < devices->n_nets; i++)
                r = append_net(reply, &devices->nets[i]);
        if (r >= 0)
                r = close_list(reply);
        if (r >= 0)
                r = open_list(reply, "Blocks", "a(ssu)", "(ssu)");
        for (size_t i = 0; r >= 0 && i < devices->n_blocks; i++)
                r = sd_bus_message_append(reply, "(ssu)", devices->blocks[i].guest,
                                          devices->blocks[i].device,
                                          devices->blocks[i].sector_size);
        return r < 0 ? r : close_list(reply);
}

static int reply_inspect(sd_bus_message *message, const Unikernel *unikernel) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        r = append_arguments(reply, &unikernel->config.arguments);
        if (r < 0)
                return r;
        r = append_devices(reply, &unikernel->config.devices);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}", "ImageDigest", "s", unikernel->image.digest);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

static void inspect_allowed(Call *call) {
        const Unikernel *unikernel = manager_find(call->service->manager, call->name.text);
        Fault fault = {};
        int r;

        if (!unikernel) {
                r = fault_set(&fault, FAULT_NO_SUCH_UNIKERNEL, "There is no unikernel %s",
                              call->name.text);
                call_fail(call, r, &fault);
                return;
        }
        r = reply_inspect(call->message, unikernel);
        if (r < 0)
                call_fail(call, r, NULL);
        else
                call_free(call);
}

int bus_method_inspect(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        int r;

        r = call_new(&call, userdata, message, TURN_CALL);
        if (r < 0)
                return r;
        r = bus_read_name(message, &call->name, error);
        if (r < 0)
                return r;
        return call_authorize(TAKE_PTR(call), "org.albatross.inspect", "inspect", inspect_allowed);
}
