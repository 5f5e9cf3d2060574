/* SPDX-License-Identifier: ISC */

/* The block devices on /org/albatross: reads arguments, asks the manager, replies. */

#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus/options.h"
#include "bus/service.h"

#define ACTION "org.albatross.manage-block-devices"

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

bool block_is_transfer(BusService *service, sd_bus_message *message) {
        bool creates = sd_bus_message_is_method_call(message, BUS_MANAGER, "CreateBlockDevice");
        const BlockDevice *device;
        const char *text;
        Name name;

        if (!creates && !sd_bus_message_is_method_call(message, BUS_MANAGER, "WriteBlockDevice") &&
            !sd_bus_message_is_method_call(message, BUS_MANAGER, "ReadBlockDevice"))
                return false;
        if (sd_bus_message_read_basic(message, 's', &text) <= 0 ||
            name_parse(&name, text, NULL) < 0)
                return false;
        if (creates)
                return !blocks_know(service->manager, name.text) && has_content(message);
        device = blocks_find(service->manager, name.text);
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

/* The bus has seen what ended before it was asked. On a private connection we see it ourselves. */
void call_confirm(void *userdata, BlockConfirmed done, void *done_userdata) {
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

static void create_allowed(Call *call) {
        blocks_create(call->service->manager, &call->block_create, call_done, call);
}

int bus_method_create_block(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        BlockCreateOrder *order;
        Fault fault = {};
        int r;

        r = call_new(&call, userdata, message, TURN_CALL);
        if (r < 0)
                return r;
        order = &call->block_create;
        r = bus_read_name(message, &call->name, error);
        if (r < 0)
                return r;
        r = sd_bus_message_read_basic(message, 't', &order->size_bytes);
        if (r < 0)
                return r;
        r = options_read_block_create(message, order, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        order->name = call->name;
        order->source.confirm = call_confirm;
        order->source.userdata = call;
        if (order->source.fd >= 0) {
                call->kind = TURN_TRANSFER;
                turns_enter(call->user, TURN_TRANSFER);
        }
        return call_authorize(TAKE_PTR(call), ACTION, "create-block", create_allowed);
}

static void write_allowed(Call *call) {
        blocks_write(call->service->manager, &call->block_write, call_done, call);
}

int bus_method_write_block(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        Fault fault = {};
        int r;

        r = call_new(&call, userdata, message, TURN_TRANSFER);
        if (r < 0)
                return r;
        r = bus_read_name(message, &call->name, error);
        if (r < 0)
                return r;
        r = sd_bus_message_read_basic(message, 'h', &call->block_write.source.fd);
        if (r < 0)
                return r;
        r = options_read_block_write(message, &call->block_write, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        call->block_write.name = call->name;
        call->block_write.source.confirm = call_confirm;
        call->block_write.source.userdata = call;
        return call_authorize(TAKE_PTR(call), ACTION, "write-block", write_allowed);
}

static void remove_allowed(Call *call) {
        blocks_remove(call->service->manager, &call->name, call_done, call);
}

int bus_method_remove_block(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        Fault fault = {};
        int r;

        r = call_new(&call, userdata, message, TURN_CALL);
        if (r < 0)
                return r;
        r = bus_read_name(message, &call->name, error);
        if (r < 0)
                return r;
        r = options_read_none(message, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        return call_authorize(TAKE_PTR(call), ACTION, "remove-block", remove_allowed);
}

/* --- read --- */

static void on_read(void *userdata) {
        turns_leave(userdata, TURN_TRANSFER);
}

/* It goes on when its call was answered: it counts as one of the transfers of its user until it
 * ends. */
static void read_allowed(Call *call) {
        BlockReadOrder *order = &call->block_read;
        Fault fault = {};
        uint64_t size;
        int r;

        order->reader = (Reader){.ended = on_read, .userdata = call->user};
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

int bus_method_read_block(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        Fault fault = {};
        int r;

        r = call_new(&call, userdata, message, TURN_TRANSFER);
        if (r < 0)
                return r;
        r = bus_read_name(message, &call->name, error);
        if (r < 0)
                return r;
        r = options_read_block_read(message, &call->block_read, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        call->block_read.name = call->name;
        return call_authorize(TAKE_PTR(call), ACTION, "read-block", read_allowed);
}

/* --- list --- */

static int append_device(void *userdata, const BlockDevice *device) {
        return sd_bus_message_append(userdata, "(sttss)", device->name.text, device->size_bytes,
                                     device->allocated_bytes,
                                     device->unikernel ? device->unikernel->name.text : "",
                                     block_state_to_string(device->state));
}

static int reply_list(Call *call) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call->message, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "(sttss)");
        if (r < 0)
                return r;
        r = blocks_visit(call->service->manager, call->name.text, append_device, reply);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

static void list_allowed(Call *call) {
        int r;

        r = reply_list(call);
        if (r < 0)
                call_fail(call, r, NULL);
        else
                call_free(call);
}

int bus_method_list_blocks(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        const char *prefix;
        Fault fault = {};
        int r;

        r = call_new(&call, userdata, message, TURN_CALL);
        if (r < 0)
                return r;
        r = sd_bus_message_read_basic(message, 's', &prefix);
        if (r < 0)
                return r;
        r = path_parse(&call->name, prefix, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        call->is_prefix = true;
        call->question =
                call->name.text[0]
                        ? "Authentication is required to list the block devices below $(path)."
                        : "Authentication is required to list the block devices of this host.";
        return call_authorize(TAKE_PTR(call), "org.albatross.inspect", "list-blocks", list_allowed);
}
