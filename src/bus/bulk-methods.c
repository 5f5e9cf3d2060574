/* SPDX-License-Identifier: ISC */

/* The methods of /org/albatross that change all unikernels below a path. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus/service.h"

typedef struct Failures {
        const BulkFailure *failures;
        size_t n;
} Failures;

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

static int append_failures(sd_bus_message *reply, void *userdata) {
        const Failures *all = userdata;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < all->n; i++)
                r = append_failure(reply, &all->failures[i]);
        return r;
}

static void bulk_done(void *userdata, int r, const BulkFailure *failures, size_t n_failures) {
        Failures all = {.failures = failures, .n = n_failures};
        Call *call = userdata;

        if (r < 0)
                call_fail(call, r, NULL);
        else
                call_reply_array(call, "(ss)", append_failures, &all);
}

static void change_all(Call *call, BulkVerb verb) {
        call->bulk = (BulkOrder){
                .verb = verb,
                .prefix = call->name,
                .until_boot = call->stop.until_boot,
        };
        manager_bulk(call->service->manager, &call->bulk, bulk_done, call);
}

static void start_all(Call *call) {
        change_all(call, BULK_START);
}

static void stop_all(Call *call) {
        change_all(call, BULK_STOP);
}

static void restart_all(Call *call) {
        change_all(call, BULK_RESTART);
}

const Method bulk_methods[] = {
        {"StartUnikernels", "manage-unikernels", "start", TARGET_PREFIX,
         .read = call_read_no_options, .allowed = start_all},
        {"StopUnikernels", "manage-unikernels", "stop", TARGET_PREFIX, .read = call_read_stop,
         .allowed = stop_all},
        {"RestartUnikernels", "manage-unikernels", "restart", TARGET_PREFIX,
         .read = call_read_no_options, .allowed = restart_all},
        {},
};
