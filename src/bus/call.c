/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "bus/service.h"
#include "systemd/authorize.h"

int fault_to_error(sd_bus_error *error, int r, const Fault *fault) {
        char name[64];

        if (!fault || fault->code == FAULT_NONE)
                return sd_bus_error_set_errno(error, r);
        snprintf(name, sizeof(name), "org.albatross.Error.%s", fault_name(fault->code));
        /* The hint is a second line, for people; see albatrossctl. */
        return sd_bus_error_setf(error, name, "%s%s%s", fault->message, fault->hint[0] ? "\n" : "",
                                 fault->hint);
}

int call_new(Call **ret, BusService *service, sd_bus_message *message, TurnKind kind) {
        TurnUser *user = turns_user(service->turns, message);
        Call *call;

        call = calloc(1, sizeof(*call));
        if (!call)
                return -ENOMEM;
        call->service = service;
        call->message = sd_bus_message_ref(message);
        call->fd = -1;
        call->user = user;
        call->kind = kind;
        turns_enter(user, TURN_CALL);
        if (kind != TURN_CALL)
                turns_enter(user, kind);
        list_append(&service->calls, &call->link);
        *ret = call;
        return 0;
}

Call *call_free(Call *call) {
        if (!call)
                return NULL;
        list_remove(&call->link);
        if (call->kind != TURN_CALL)
                turns_leave(call->user, call->kind);
        turns_leave(call->user, TURN_CALL);
        sd_bus_slot_unref(call->polkit_slot);
        sd_bus_message_unref(call->message);
        config_clear(&call->create.config);
        fd_close(call->fd);
        free(call);
        return NULL;
}

void call_fail(Call *call, int r, const Fault *fault) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        fault_to_error(&error, r, fault);
        sd_bus_reply_method_error(call->message, &error);
        call_free(call);
}

void call_reply(Call *call, const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        va_list arguments;
        int r;

        r = sd_bus_message_new_method_return(call->message, &reply);
        if (r >= 0) {
                va_start(arguments, types);
                r = sd_bus_message_appendv(reply, types, arguments);
                va_end(arguments);
        }
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        if (r < 0) {
                call_fail(call, r, NULL);
                return;
        }
        call_free(call);
}

void call_done(void *userdata, int r, const Fault *fault) {
        Call *call = userdata;

        if (r < 0)
                call_fail(call, r, fault);
        else
                call_reply(call, "");
}

static void on_authorized(void *userdata, int error) {
        Call *call = userdata;
        Fault fault = {};

        call->polkit_slot = sd_bus_slot_unref(call->polkit_slot);
        if (error == 0) {
                call->allowed(call);
                return;
        }
        if (error == -EACCES)
                error = fault_set(&fault, FAULT_NOT_AUTHORIZED,
                                  "You are not allowed to do this to %s", call->name.text);
        else
                error = fault_set(&fault, FAULT_NOT_AUTHORIZED,
                                  "You are not root, and polkit can't be asked whether you may");
        call_fail(call, error, &fault);
}

int call_authorize(Call *call, const char *action, const char *verb, CallAllowed allowed) {
        char path[NAME_MAX_LENGTH + 1];
        size_t length = name_path_length(&call->name);
        AuthorizeRequest request = {
                .action = action,
                .verb = verb,
                .name = call->name.text,
                .path = path,
        };
        int r;

        if (bus_sender_is_root(call->service, call->message)) {
                allowed(call);
                return 1;
        }

        memcpy(path, call->name.text, length);
        path[length] = '\0';
        call->allowed = allowed;
        r = authorize(&call->polkit_slot, call->message, &request, on_authorized, call);
        if (r < 0)
                on_authorized(call, r);
        return 1;
}

void call_start(Call *call) {
        manager_start(call->service->manager, &call->name, call_done, call);
}

void call_stop(Call *call) {
        manager_stop(call->service->manager, &call->name, call_done, call);
}

void call_destroy(Call *call) {
        manager_destroy(call->service->manager, &call->name, call_done, call);
}
