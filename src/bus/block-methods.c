/* SPDX-License-Identifier: ISC */

/* The block devices on /org/albatross: reads arguments, asks the manager, replies. */

#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus/options.h"
#include "bus/service.h"

/* --- what brings or takes many bytes --- */

static bool has_content(sd_bus_message *message) {
        const char *key;

        if (sd_bus_message_skip(message, "t") < 0 ||
            sd_bus_message_enter_container(message, 'a', "{sv}") < 0)
                return false;
        while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
                if (sd_bus_message_read_basic(message, 's', &key) < 0)
                        return false;
                if (strcmp(key, "Content") == 0)
                        return true;
                if (sd_bus_message_skip(message, "v") < 0 ||
                    sd_bus_message_exit_container(message) < 0)
                        return false;
        }
        return false;
}

/* What is refused anyhow needs no bytes for it. */
static bool creates(BusService *service, sd_bus_message *message, const Name *name) {
        return !blocks_know(service->manager, name->text) && has_content(message);
}

static bool transfers(BusService *service, sd_bus_message *message, const Name *name) {
        const BlockDevice *device = blocks_find(service->manager, name->text);

        return device && device->state == BLOCK_IDLE;
}

/* --- is the sender still there? --- */

static int on_owner(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Call *call = userdata;
        int is_there = 0;

        call->slot = sd_bus_slot_unref(call->slot);
        if (!sd_bus_message_is_method_error(reply, NULL))
                (void) sd_bus_message_read(reply, "b", &is_there);
        call->confirmed(call->confirmed_userdata, is_there);
        return 0;
}

/* A BlockConfirm whose userdata is the Call. The bus has seen what ended before it was asked. On a
 * private connection we see it ourselves. */
static void confirm_sender(void *userdata, BlockConfirmed done, void *done_userdata) {
        Call *call = userdata;
        sd_bus *bus = sd_bus_message_get_bus(call->message);
        struct pollfd peer = {.fd = sd_bus_get_fd(bus), .events = POLLRDHUP};

        if (!sd_bus_is_bus_client(bus)) {
                done(done_userdata, peer.fd >= 0 && poll(&peer, 1, 0) == 0);
                return;
        }
        call->confirmed = done;
        call->confirmed_userdata = done_userdata;
        if (sd_bus_call_method_async(bus, &call->slot, "org.freedesktop.DBus",
                                     "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                     "NameHasOwner", on_owner, call, "s",
                                     sd_bus_message_get_sender(call->message)) < 0)
                done(done_userdata, false);
}

/* --- create, write, remove --- */

static int read_create(Call *call, Fault *fault) {
        BlockCreateOrder *order = &call->block_create;
        int r;

        r = sd_bus_message_read_basic(call->message, 't', &order->size_bytes);
        if (r < 0)
                return r;
        r = options_read_block_create(call->message, order, fault);
        if (r >= 0 && order->source.fd >= 0)
                call_becomes_transfer(call);
        return r;
}

static void create(Call *call) {
        BlockCreateOrder *order = &call->block_create;

        order->name = call->name;
        order->source.confirm = confirm_sender;
        order->source.userdata = call;
        order->source.is_delegated = call->owners;
        blocks_create(call->service->manager, order, call_done, call);
}

static int read_write(Call *call, Fault *fault) {
        int r;

        r = sd_bus_message_read_basic(call->message, 'h', &call->block_write.source.fd);
        if (r < 0)
                return r;
        return options_read_block_write(call->message, &call->block_write, fault);
}

static void write_content(Call *call) {
        BlockWriteOrder *order = &call->block_write;

        order->name = call->name;
        order->source.confirm = confirm_sender;
        order->source.userdata = call;
        order->source.is_delegated = call->owners;
        blocks_write(call->service->manager, order, call_done, call);
}

static void remove_device(Call *call) {
        blocks_remove(call->service->manager, &call->name, call_done, call);
}

/* --- read --- */

static void on_read(void *userdata) {
        turns_leave(userdata, TURN_TRANSFER);
}

/* It goes on when its call was answered: it counts as one of the transfers of its user until it
 * ends. */
static void read_content(Call *call) {
        BlockReadOrder *order = &call->block_read;
        Fault fault = {};
        uint64_t size;
        int r;

        order->name = call->name;
        order->reader = (Reader){on_read, call->user, .is_delegated = call->owners};
        /* When it came there was no such device, or it was busy, and so it waited for no transfer
         * of its user to end. It lives on when its call was answered: nothing else would bound it.
         */
        if (turns_is_over(call->user, TURN_TRANSFER))
                r = fault_set(&fault, FAULT_TOO_MANY_REQUESTS,
                              "%d transfers of this user are under way already", TURNS_TRANSFERS);
        else
                r = blocks_read(call->service->manager, order, &size, &fault);
        if (r < 0) {
                call_fail(call, r, &fault);
                return;
        }
        turns_enter(call->user, TURN_TRANSFER);
        call->fd = r;
        call_reply(call, "ht", call->fd, size);
}

static int read_read(Call *call, Fault *fault) {
        return options_read_block_read(call->message, &call->block_read, fault);
}

/* --- list --- */

static int append_device(void *userdata, const BlockDevice *device) {
        return sd_bus_message_append(userdata, "(sttss)", device->name.text, device->size_bytes,
                                     device->allocated_bytes,
                                     device->unikernel ? device->unikernel->name.text : "",
                                     block_state_to_string(device->state));
}

static int append_devices(sd_bus_message *reply, void *userdata) {
        Call *call = userdata;

        return blocks_visit(call->service->manager, call->name.text, append_device, reply);
}

static void list(Call *call) {
        call_reply_array(call, "(sttss)", append_devices, call);
}

static int read_list(Call *call, Fault *fault) {
        call->question =
                call->name.text[0]
                        ? "Authentication is required to list the block devices below $(path)."
                        : "Authentication is required to list the block devices of this host.";
        return 0;
}

const Method block_methods[] = {
        {"CreateBlockDevice", "manage-block-devices", "create-block", TARGET_NAME, TURN_CALL,
         creates, read_create, create},
        {"WriteBlockDevice", "manage-block-devices", "write-block", TARGET_NAME, TURN_TRANSFER,
         transfers, read_write, write_content},
        {"ReadBlockDevice", "manage-block-devices", "read-block", TARGET_NAME, TURN_TRANSFER,
         transfers, read_read, read_content},
        {"RemoveBlockDevice", "manage-block-devices", "remove-block", TARGET_NAME,
         .read = call_read_no_options, .allowed = remove_device},
        {"ListBlockDevices", "inspect", "list-blocks", TARGET_PREFIX, .read = read_list,
         .allowed = list},
        {},
};
