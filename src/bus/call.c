/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus/audit.h"
#include "bus/options.h"
#include "bus/service.h"
#include "systemd/authorize.h"
#include "systemd/log.h"

/* So often polkit is asked anew when owners change while it thinks. */
#define ASKED_MAX 3U

/* On a connection of its own the kernel knows its other end; it does not have to be asked for. */
static void note_caller(Call *call) {
        const Caller *caller = turns_caller(call->service->turns, call->message);
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        uid_t uid;
        pid_t pid;

        if (caller) {
                call->caller_uid = caller->uid;
                call->caller_pid = caller->pid;
        } else {
                if (sd_bus_is_bus_client(sd_bus_message_get_bus(call->message)) ||
                    sd_bus_query_sender_creds(call->message, SD_BUS_CREDS_EUID | SD_BUS_CREDS_PID,
                                              &creds) < 0 ||
                    sd_bus_creds_get_euid(creds, &uid) < 0)
                        return;
                call->caller_uid = uid;
                call->caller_pid = sd_bus_creds_get_pid(creds, &pid) >= 0 ? (uint32_t) pid : 0;
        }
        call->has_caller = true;
}

/* One for @message, which is kept. It counts among what its sender has under way. */
static Call *call_new(BusService *service, const Method *method, sd_bus_message *message) {
        Call *call;

        call = calloc(1, sizeof(*call));
        if (!call)
                return NULL;
        call->service = service;
        call->method = method;
        call->message = sd_bus_message_ref(message);
        call->verb = method->verb;
        call->fd = -1;
        note_caller(call);
        call->user = turns_user(service->turns, message);
        call->kind = TURN_CALL;
        turns_enter(call->user, TURN_CALL);
        if (method->kind == TURN_TRANSFER)
                call_becomes_transfer(call);
        list_append(&service->calls, &call->link);
        return call;
}

void call_becomes_transfer(Call *call) {
        call->kind = TURN_TRANSFER;
        turns_enter(call->user, TURN_TRANSFER);
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
        sd_bus_message_unref(call->reply);
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

/* --- its end --- */

void call_fail(Call *call, int r, const Fault *fault) {
        char name[64];

        if (!fault || fault->code == FAULT_NONE)
                sd_bus_reply_method_errno(call->message, r, NULL);
        else {
                snprintf(name, sizeof(name), "org.albatross.Error.%s", fault_name(fault->code));
                /* The hint is a second line, for people; see albatrossctl. */
                sd_bus_reply_method_errorf(call->message, name, "%s%s%s", fault->message,
                                           fault->hint[0] ? "\n" : "", fault->hint);
        }
        call_free(call);
}

void call_fail_unknown(Call *call) {
        Fault fault = {};
        int r;

        r = name_refuse_unknown(&call->name, &fault);
        call_fail(call, r, &fault);
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

static int make_array(Call *call,
                      const char *contents,
                      CallFill fill,
                      void *userdata,
                      sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call->message, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', contents);
        if (r < 0)
                return r;
        r = fill(reply, userdata);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(reply);
        return 0;
}

void call_reply_array(Call *call, const char *contents, CallFill fill, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = make_array(call, contents, fill, userdata, &reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        if (r < 0)
                call_fail(call, r, NULL);
        else
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

        r = call->method->target == TARGET_PREFIX
                    ? manager_owners_of_prefix(manager, &call->name, &owners)
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

/* What an owner does not have, either, is told: nothing else says why he is refused. */
static int refuse_right(const Call *call, Fault *fault) {
        int r;

        r = fault_set(fault, FAULT_NOT_AUTHORIZED, "You are not allowed to do this to %s",
                      call->name.text[0] ? call->name.text : "this host");
        if (strstr(call->verb, "-unlocked"))
                fault_hint(fault, "A MAC address of one's choice, and nolock, only an "
                                  "administrator may give");
        else
                fault_hint(fault, "Root may, and who owns a path above it: "
                                  "DELEGATION in albatrossctl(1)");
        return r;
}

static void refuse(Call *call, int error) {
        Fault fault = {};

        if (error == -EACCES)
                error = refuse_right(call, &fault);
        else if (error == -ESTALE)
                error = fault_set(&fault, FAULT_NOT_AUTHORIZED,
                                  "Who owns what is above %s changes all the time, try again",
                                  call->name.text);
        else
                error = fault_set(&fault, FAULT_NOT_AUTHORIZED,
                                  "You are not root, and polkit can't be asked whether you may");
        call_fail(call, error, &fault);
}

/* All that is asked about comes through here, once: allowed (0), or refused. */
static void decide(Call *call, int error) {
        audit(call, error);
        if (error < 0)
                refuse(call, error);
        else
                call->method->allowed(call);
}

static void ask(Call *call);

static void on_authorized(void *userdata, int error) {
        Call *call = userdata;

        call->slot = sd_bus_slot_unref(call->slot);
        if (error >= 0 && !call_is_allowed_still(call)) {
                /* What polkit was told is not so any more: a right may be gone. */
                call->asks_about_blocks = false;
                ask(call);
        } else if (error >= 0 && call->needs_blocks && !call->asks_about_blocks) {
                call->asks_about_blocks = true;
                call->n_asked--;
                ask(call);
        } else
                decide(call, error);
}

static int ask_polkit(Call *call) {
        bool is_prefix = call->method->target == TARGET_PREFIX;
        size_t length = is_prefix ? strlen(call->name.text) : name_path_length(&call->name);
        char path[NAME_MAX_LENGTH + 1], action[64];
        AuthorizeRequest request = {
                .action = action,
                .verb = call->asks_about_blocks ? "remove-block" : call->verb,
                .name = call->name.text,
                .path = path,
                .message = call->question,
        };
        int r;

        if (++call->n_asked > ASKED_MAX)
                return -ESTALE;
        snprintf(action, sizeof(action), "org.albatross.%s",
                 call->asks_about_blocks ? "manage-block-devices" : call->method->action);
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
                decide(call, r);
}

/* --- its beginning --- */

static int read_target(sd_bus_message *message, CallTarget target, Name *ret, Fault *fault) {
        const char *text;
        int r;

        if (target == TARGET_NONE)
                return 0;
        r = sd_bus_message_read_basic(message, 's', &text);
        if (r < 0)
                return r;
        return target == TARGET_NAME ? name_parse(ret, text, fault) : path_parse(ret, text, fault);
}

static int read_arguments(Call *call, Fault *fault) {
        int r;

        r = read_target(call->message, call->method->target, &call->name, fault);
        if (r < 0 || !call->method->read)
                return r;
        return call->method->read(call, fault);
}

int call_read_no_options(Call *call, Fault *fault) {
        return options_read_none(call->message, fault);
}

int call_read_stop(Call *call, Fault *fault) {
        return options_read_stop(call->message, &call->stop, fault);
}

static void begin(Call *call) {
        if (!call->method->action)
                call->method->allowed(call);
        else if (bus_sender_is_root(call->service, call->message))
                decide(call, 0);
        else
                ask(call);
}

int call_method_of(BusService *service,
                   const Method *method,
                   sd_bus_message *message,
                   const Name *name) {
        Call *call;

        call = call_new(service, method, message);
        if (!call)
                return -ENOMEM;
        call->name = *name;
        begin(call);
        return 1;
}

int call_method(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const Method *method = bus_find_method(sd_bus_message_get_member(message));
        const char *sender;
        Fault fault = {};
        Call *call;
        int r;

        call = method ? call_new(userdata, method, message) : NULL;
        if (!call)
                return method ? -ENOMEM : -ENOSYS;
        sender = sd_bus_message_get_sender(message);
        log_print(LOG_DEBUG, "%s calls %s", sender ? sender : "Somebody on the private socket",
                  method->member);
        r = read_arguments(call, &fault);
        if (r < 0)
                call_fail(call, r, &fault);
        else
                begin(call);
        return 1;
}

bool call_is_transfer(void *userdata, sd_bus_message *message) {
        const Method *method = bus_find_method(sd_bus_message_get_member(message));
        Name name;

        return method && method->is_transfer &&
               sd_bus_message_is_method_call(message, BUS_MANAGER, NULL) &&
               read_target(message, method->target, &name, NULL) >= 0 &&
               method->is_transfer(userdata, message, &name);
}
