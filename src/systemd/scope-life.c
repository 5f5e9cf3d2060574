/* SPDX-License-Identifier: ISC */

/* What is asked about and of a scope that is there already. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "systemd/manager-call.h"
#include "systemd/scope.h"

/* Replies of these calls interest nobody: they fail only when the unit is gone already. */
static int call_without_reply(sd_bus *bus, const char *member, const char *unit) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &message, MANAGER_ADDRESS, member);
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "s", unit);
        if (r < 0)
                return r;
        r = sd_bus_message_set_expect_reply(message, false);
        if (r < 0)
                return r;
        return sd_bus_send(bus, message, NULL);
}

int scope_release(sd_bus *bus, const char *unit) {
        return call_without_reply(bus, "ResetFailedUnit", unit);
}

int scope_stop(sd_bus *bus, const char *unit) {
        return sd_bus_call_method_async(bus, NULL, MANAGER_ADDRESS, "StopUnit", NULL, NULL, "ss",
                                        unit, "replace");
}

int scope_kill(sd_bus *bus, const char *unit, int signal_number) {
        return sd_bus_call_method_async(bus, NULL, MANAGER_ADDRESS, "KillUnit", NULL, NULL, "ssi",
                                        unit, "all", (int32_t) signal_number);
}

typedef struct Change {
        ScopeChanged handler;
        void *userdata;
} Change;

static int on_changed(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Change *change = userdata;

        change->handler(change->userdata, -sd_bus_message_get_errno(reply));
        return 0;
}

static void change_free(void *change) {
        free(change);
}

int scope_set_memory_max(sd_bus *bus,
                         const char *unit,
                         uint64_t memory_max_bytes,
                         ScopeChanged handler,
                         void *userdata) {
        _cleanup_(freep) Change *change = NULL;
        sd_bus_slot *slot;
        int r;

        change = calloc(1, sizeof(*change));
        if (!change)
                return -ENOMEM;
        change->handler = handler;
        change->userdata = userdata;
        r = sd_bus_call_method_async(bus, &slot, MANAGER_ADDRESS, "SetUnitProperties", on_changed,
                                     change, "sba(sv)", unit, true, 1, "MemoryMax", "t",
                                     memory_max_bytes);
        if (r < 0)
                return r;
        /* It goes with its answer, which always comes: sd-bus makes up one when the bus is gone. */
        sd_bus_slot_set_destroy_callback(slot, change_free);
        sd_bus_slot_set_floating(slot, true);
        sd_bus_slot_unref(slot);
        TAKE_PTR(change);
        return 0;
}

typedef struct ResultQuery {
        ScopeResult handler;
        void *userdata;
} ResultQuery;

static int on_result(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const ResultQuery *query = userdata;
        const char *result = NULL;

        if (sd_bus_message_is_method_error(reply, NULL) ||
            sd_bus_message_read(reply, "v", "s", &result) < 0)
                result = NULL;
        query->handler(query->userdata, result);
        return 0;
}

static void query_free(void *query) {
        free(query);
}

int scope_read_result(sd_bus_slot **ret,
                      sd_bus *bus,
                      const char *unit,
                      ScopeResult handler,
                      void *userdata) {
        _cleanup_(freep) ResultQuery *query = NULL;
        _cleanup_(freep) char *path = NULL;
        sd_bus_slot *slot;
        int r;

        r = sd_bus_path_encode(MANAGER_UNIT_PREFIX, unit, &path);
        if (r < 0)
                return r;
        query = calloc(1, sizeof(*query));
        if (!query)
                return -ENOMEM;
        query->handler = handler;
        query->userdata = userdata;
        r = sd_bus_call_method_async(bus, &slot, MANAGER_NAME, path,
                                     "org.freedesktop.DBus.Properties", "Get", on_result, query,
                                     "ss", "org.freedesktop.systemd1.Scope", "Result");
        if (r < 0)
                return r;
        /* The slot owns the query from here on. */
        sd_bus_slot_set_destroy_callback(slot, query_free);
        TAKE_PTR(query);
        *ret = slot;
        return 0;
}

sd_id128_t scope_invocation(const char *unit) {
        char path[sizeof("/run/systemd/units/invocation:") + NAME_MAX];
        char text[SD_ID128_STRING_MAX + 1];
        sd_id128_t invocation = SD_ID128_NULL;
        ssize_t n;

        snprintf(path, sizeof(path), "/run/systemd/units/invocation:%s", unit);
        n = readlink(path, text, sizeof(text) - 1);
        if (n != SD_ID128_STRING_MAX - 1)
                return SD_ID128_NULL;
        text[n] = '\0';
        if (sd_id128_from_string(text, &invocation) < 0)
                return SD_ID128_NULL;
        return invocation;
}
