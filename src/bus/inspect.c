/* SPDX-License-Identifier: ISC */

/* What not everybody may see of a unikernel: Inspect(), its image, its console. */

#include "base/cleanup.h"
#include "bus/append.h"
#include "bus/options.h"
#include "bus/service.h"

static int append_net(sd_bus_message *reply, const Net *net) {
        char mac[MAC_TEXT_SIZE] = "";

        if (mac_is_given(&net->mac))
                mac_format(&net->mac, mac);
        return sd_bus_message_append(reply, "(sssbb)", net->guest, net->bridge.text, mac,
                                     (int) net->isolated, (int) net->unlocked);
}

static int append_arguments(sd_bus_message *reply, const Strings *arguments) {
        int r;

        r = bus_open_list(reply, "Arguments", "as");
        for (const char *text = NULL; r >= 0 && (text = strings_next(arguments, text));)
                r = sd_bus_message_append(reply, "s", text);
        return r < 0 ? r : bus_close_list(reply);
}

static int append_devices(sd_bus_message *reply, const Devices *devices) {
        int r;

        r = bus_open_list(reply, "Nets", "a(sssbb)");
        for (size_t i = 0; r >= 0 && i < devices->n_nets; i++)
                r = append_net(reply, &devices->nets[i]);
        if (r >= 0)
                r = bus_close_list(reply);
        if (r >= 0)
                r = bus_open_list(reply, "Blocks", "a(ssu)");
        for (size_t i = 0; r >= 0 && i < devices->n_blocks; i++)
                r = sd_bus_message_append(reply, "(ssu)", devices->blocks[i].guest,
                                          devices->blocks[i].device,
                                          devices->blocks[i].sector_size);
        return r < 0 ? r : bus_close_list(reply);
}

static int append_private(sd_bus_message *reply, void *userdata) {
        const Unikernel *unikernel = userdata;
        int r;

        r = append_arguments(reply, &unikernel->config.arguments);
        if (r < 0)
                return r;
        r = append_devices(reply, &unikernel->config.devices);
        if (r < 0)
                return r;
        return sd_bus_message_append(reply, "{sv}", "ImageDigest", "s", unikernel->image.digest);
}

static void inspect(Call *call) {
        Unikernel *unikernel = manager_find(call->service->manager, call->name.text);

        if (unikernel)
                call_reply_array(call, "{sv}", append_private, unikernel);
        else
                call_fail_unknown(call);
}

/* --- what is read through a pipe --- */

static void on_reader_ended(void *userdata) {
        turns_leave(userdata, TURN_READER);
}

/* A reader lives on when its call was answered: it is counted until it ends. */
static int enter_reader(Call *call, Reader *ret, Fault *fault) {
        if (turns_is_full(call->user, TURN_READER))
                return fault_set(fault, FAULT_TOO_MANY_REQUESTS,
                                 "%d consoles and images are being read by this user already",
                                 TURNS_READERS);
        turns_enter(call->user, TURN_READER);
        *ret = (Reader){on_reader_ended, call->user, .is_delegated = call->owners};
        return 0;
}

static void reply_pipe(Call *call, int fd, const Fault *fault) {
        if (fd < 0) {
                turns_leave(call->user, TURN_READER);
                call_fail(call, fd, fault);
                return;
        }
        call->fd = fd;
        call_reply(call, "h", fd);
}

static void get_image(Call *call) {
        Fault fault = {};
        Reader reader;
        int r;

        r = enter_reader(call, &reader, &fault);
        if (r < 0) {
                call_fail(call, r, &fault);
                return;
        }
        r = manager_get_image(call->service->manager, &call->name, &reader, &fault);
        reply_pipe(call, r, &fault);
}

static int read_console(Call *call, Fault *fault) {
        return options_read_console(call->message, &call->console, fault);
}

static void open_console(Call *call) {
        Fault fault = {};
        int r;

        r = enter_reader(call, &call->console.reader, &fault);
        if (r < 0) {
                call_fail(call, r, &fault);
                return;
        }
        r = manager_open_console(call->service->manager, &call->name, &call->console, &fault);
        reply_pipe(call, r, &fault);
}

const Method private_methods[] = {
        {"Inspect", "inspect", "inspect", TARGET_NAME, .allowed = inspect},
        {"GetImage", "inspect", "get-image", TARGET_NAME, .read = call_read_no_options,
         .allowed = get_image},
        {"OpenConsole", "read-console", "console", TARGET_NAME, .read = read_console,
         .allowed = open_console},
        {},
};
