/* SPDX-License-Identifier: ISC */

#include <errno.h>

#include "base/cleanup.h"
#include "ctl/call.h"
#include "ctl/connect.h"
#include "ctl/error.h"

int call_new(sd_bus_message **ret, sd_bus *bus, const char *method, Fault *fault) {
        int r;

        r = sd_bus_message_new_method_call(bus, ret, BUS_NAME, BUS_PATH, BUS_MANAGER, method);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        return 0;
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Call *call = userdata;

        call->reply = sd_bus_message_ref(reply);
        return 0;
}

int call_send(Call *call,
              sd_bus *bus,
              sd_bus_message *message,
              uint64_t timeout_usec,
              Fault *fault) {
        int r;

        r = sd_bus_call_async(bus, &call->slot, message, on_reply, call, timeout_usec);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        call->bus = bus;
        return 0;
}

int call_wait(Call *call, Fault *fault) {
        int r;

        while (!call->reply) {
                r = sd_bus_process(call->bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(call->bus, UINT64_MAX);
                if (r < 0 && r != -EINTR)
                        return error_from_bus(fault, NULL, r);
        }

        if (sd_bus_message_is_method_error(call->reply, NULL))
                return error_from_bus(fault, sd_bus_message_get_error(call->reply), -EIO);
        return 0;
}

int call_now(sd_bus_message **ret,
             sd_bus *bus,
             sd_bus_message *message,
             uint64_t timeout_usec,
             Fault *fault) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call(bus, message, timeout_usec, &error, ret);
        if (r < 0)
                return error_from_bus(fault, &error, r);
        return 0;
}

int call_list(sd_bus_message **ret,
              sd_bus *bus,
              const char *method,
              const Name *path,
              Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        int r;

        r = call_new(&request, bus, method, fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "s", path->text);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        return call_now(ret, bus, request, CALL_PATIENTLY, fault);
}

void call_done(Call *call) {
        call->slot = sd_bus_slot_unref(call->slot);
        call->reply = sd_bus_message_unref(call->reply);
        call->bus = NULL;
}

int call_check_unikernel(sd_bus *bus, const Name *name, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        int r;

        r = call_new(&request, bus, "GetUnikernel", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "s", name->text);
        return r < 0 ? error_from_bus(fault, NULL, r)
                     : call_now(NULL, bus, request, CALL_DEFAULT, fault);
}
