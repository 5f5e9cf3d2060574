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

/* So often polkit is asked anew when owners change while it thinks. */
#define ASKED_MAX 3U

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
        sd_bus_slot_unref(call->slot);
        sd_bus_message_unref(call->message);
        free(call->owners);
        free(call->others);
        policy_order_clear(&call->policy);
        config_clear(&call->create.change.values);
        config_clear(&call->set.change.values);
        config_clear(&call->update.change.values);
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

/* --- who may --- */

/* The owners of what is above, and those of them that the sender is not: the name of one who is
 * gone may be another's now. The caller frees both. */
static int find_owners(Call *call, char **ret_owners, char **ret_others) {
        const Caller *caller = turns_caller(call->service->turns, call->message);
        _cleanup_(owners_clear) Owners owners = {}, others = {};
        const Manager *manager = call->service->manager;
        _cleanup_(freep) char *text = NULL;
        int r;

        r = call->is_prefix ? manager_owners_of_prefix(manager, &call->name, &owners)
                            : manager_owners_above(manager, &call->name, &owners);
        for (size_t i = 0; r >= 0 && i < owners.n; i++)
                if (!caller || !caller_is(caller, &owners.owners[i]))
                        r = owners_add(&others, &owners.owners[i]);
        if (r >= 0)
                r = owners_format(&owners, &text);
        if (r >= 0)
                r = owners_format(&others, ret_others);
        if (r < 0)
                return r;
        *ret_owners = TAKE_PTR(text);
        return 0;
}

bool call_is_allowed_still(Call *call) {
        _cleanup_(freep) char *owners = NULL, *others = NULL;

        if (!call->owners)
                return bus_sender_is_root(call->service, call->message);
        return find_owners(call, &owners, &others) >= 0 && strcmp(owners, call->owners) == 0 &&
               strcmp(others, call->others) == 0;
}

static void refuse(Call *call, int error) {
        Fault fault = {};

        if (error == -EACCES)
                error = fault_set(&fault, FAULT_NOT_AUTHORIZED,
                                  "You are not allowed to do this to %s",
                                  call->name.text[0] ? call->name.text : "this host");
        else if (error == -ESTALE)
                error = fault_set(&fault, FAULT_NOT_AUTHORIZED,
                                  "Who owns what is above %s changes all the time, try again",
                                  call->name.text);
        else
                error = fault_set(&fault, FAULT_NOT_AUTHORIZED,
                                  "You are not root, and polkit can't be asked whether you may");
        call_fail(call, error, &fault);
}

static void ask(Call *call);

static void on_authorized(void *userdata, int error) {
        Call *call = userdata;

        call->slot = sd_bus_slot_unref(call->slot);
        if (error < 0)
                refuse(call, error);
        else if (call_is_allowed_still(call))
                call->allowed(call);
        else
                /* What polkit was told is not so any more: a right may be gone. */
                ask(call);
}

static int ask_polkit(Call *call) {
        char path[NAME_MAX_LENGTH + 1];
        size_t length = call->is_prefix ? strlen(call->name.text) : name_path_length(&call->name);
        AuthorizeRequest request = {
                .action = call->action,
                .verb = call->verb,
                .name = call->name.text,
                .path = path,
                .message = call->question,
        };
        int r;

        if (++call->n_asked > ASKED_MAX)
                return -ESTALE;
        memcpy(path, call->name.text, length);
        path[length] = '\0';
        free(call->owners);
        free(call->others);
        call->owners = call->others = NULL;
        r = find_owners(call, &call->owners, &call->others);
        if (r < 0)
                return r;
        request.owners = call->owners;
        request.others = call->others;
        return authorize(&call->slot, call->message, &request, on_authorized, call);
}

static void ask(Call *call) {
        int r;

        r = ask_polkit(call);
        if (r < 0)
                refuse(call, r);
}

int call_authorize(Call *call, const char *action, const char *verb, CallAllowed allowed) {
        if (bus_sender_is_root(call->service, call->message)) {
                allowed(call);
                return 1;
        }
        call->action = action;
        call->verb = verb;
        call->allowed = allowed;
        ask(call);
        return 1;
}

void call_start(Call *call) {
        manager_start(call->service->manager, &call->name, call_done, call);
}

void call_stop(Call *call) {
        call->stop.name = call->name;
        manager_stop(call->service->manager, &call->stop, call_done, call);
}

void call_restart(Call *call) {
        manager_restart(call->service->manager, &call->name, call_done, call);
}

void call_rollback(Call *call) {
        manager_rollback(call->service->manager, &call->name, call_done, call);
}

void call_destroy(Call *call) {
        manager_destroy(call->service->manager, &call->name, call_done, call);
}
