/* SPDX-License-Identifier: ISC */

/* The methods of /org/albatross that change all unikernels below a path. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus/options.h"
#include "bus/service.h"

static int append_failure(sd_bus_message *reply, const BulkFailure *failure) {
        const Fault *fault = failure->fault;
        char text[FAULT_MESSAGE_MAX + FAULT_HINT_MAX + 2];

        if (fault->code == FAULT_NONE)
                return sd_bus_message_append(reply, "(ss)", failure->name.text,
                                             strerrordesc_np(-failure->r));
        snprintf(text, sizeof(text), "%s%s%s", fault->message, fault->hint[0] ? "\n" : "",
                 fault->hint);
        return sd_bus_message_append(reply, "(ss)", failure->name.text, text);
}

static int reply_failures(Call *call, const BulkFailure *failures, size_t n_failures) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call->message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ss)");
        for (size_t i = 0; r >= 0 && i < n_failures; i++)
                r = append_failure(reply, &failures[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void bulk_done(void *userdata, int r, const BulkFailure *failures, size_t n_failures) {
        Call *call = userdata;

        if (r >= 0)
                r = reply_failures(call, failures, n_failures);
        if (r < 0)
                call_fail(call, r, NULL);
        else
                call_free(call);
}

static void bulk_allowed(Call *call) {
        call->bulk.prefix = call->name;
        call->bulk.until_boot = call->stop.until_boot;
        manager_bulk(call->service->manager, &call->bulk, bulk_done, call);
}

static int change_all(sd_bus_message *message,
                      void *userdata,
                      sd_bus_error *error,
                      BulkVerb verb,
                      const char *word) {
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
        if (r >= 0)
                r = verb == BULK_STOP ? options_read_stop(message, &call->stop, &fault)
                                      : options_read_none(message, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        call->is_prefix = true;
        call->bulk.verb = verb;
        return call_authorize(TAKE_PTR(call), "org.albatross.manage-unikernels", word,
                              bulk_allowed);
}

int bus_method_start_all(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return change_all(message, userdata, error, BULK_START, "start");
}

int bus_method_stop_all(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return change_all(message, userdata, error, BULK_STOP, "stop");
}

int bus_method_restart_all(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return change_all(message, userdata, error, BULK_RESTART, "restart");
}
