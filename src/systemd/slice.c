/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "systemd/manager-call.h"
#include "systemd/slice.h"

#define CONTROL_FOLDER "/run/systemd/system.control"

struct SliceChange {
        sd_bus *bus;
        sd_bus_slot *slot;
        char *unit;
        SliceChanged handler;
        void *userdata;
};

SliceChange *slice_change_free(SliceChange *change) {
        if (!change)
                return NULL;
        sd_bus_slot_unref(change->slot);
        sd_bus_unref(change->bus);
        free(change->unit);
        free(change);
        return NULL;
}

DEFINE_CLEANUP(SliceChange *, slice_change_free);

static int change_new(SliceChange **ret,
                      sd_bus *bus,
                      const char *unit,
                      SliceChanged handler,
                      void *userdata) {
        _cleanup_(slice_change_freep) SliceChange *change = NULL;

        change = calloc(1, sizeof(*change));
        if (!change)
                return -ENOMEM;
        change->unit = strdup(unit);
        if (!change->unit)
                return -ENOMEM;
        change->bus = sd_bus_ref(bus);
        change->handler = handler;
        change->userdata = userdata;
        *ret = TAKE_PTR(change);
        return 0;
}

static void finish(SliceChange *change, int error, const char *reason) {
        change->handler(change->userdata, error, reason);
}

/* The reply of the call at hand: has it failed, and so the change? */
static bool has_failed(SliceChange *change, sd_bus_message *reply) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        change->slot = sd_bus_slot_unref(change->slot);
        if (!error)
                return false;
        finish(change, -sd_bus_message_get_errno(reply), error->message);
        return true;
}

static int on_done(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        SliceChange *change = userdata;

        if (!has_failed(change, reply))
                finish(change, 0, NULL);
        return 0;
}

static int append_limits(sd_bus_message *message, const SliceLimits *limits) {
        int r;

        r = sd_bus_message_append(message, "(sv)(sv)", "MemoryMax", "t", limits->memory_max_bytes,
                                  "TasksMax", "t", limits->tasks_max);
        if (r < 0)
                return r;
        return manager_append_cpus(message, limits->allowed_cpus, limits->allowed_cpus_size);
}

static int set_properties(SliceChange *change,
                          const SliceLimits *limits,
                          sd_bus_message_handler_t handler) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = sd_bus_message_new_method_call(change->bus, &message, MANAGER_ADDRESS,
                                           "SetUnitProperties");
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "sb", change->unit, true);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(message, 'a', "(sv)");
        if (r < 0)
                return r;
        r = append_limits(message, limits);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(message);
        if (r < 0)
                return r;
        return sd_bus_call_async(change->bus, &change->slot, message, handler, change,
                                 MANAGER_TIMEOUT);
}

int slice_set_limits(SliceChange **ret,
                     sd_bus *bus,
                     const SliceLimits *limits,
                     SliceChanged handler,
                     void *userdata) {
        _cleanup_(slice_change_freep) SliceChange *change = NULL;
        int r;

        r = change_new(&change, bus, limits->unit, handler, userdata);
        if (r < 0)
                return r;
        r = set_properties(change, limits, on_done);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(change);
        return 0;
}

/* --- taking them back --- */

/* What slice_set_limits() has PID 1 write. */
static bool is_ours(const char *unit, const char *path) {
        static const char *const properties[] = {"MemoryMax", "TasksMax", "AllowedCPUs"};
        char ours[512];

        for (size_t i = 0; i < N_ELEMENTS(properties); i++) {
                snprintf(ours, sizeof(ours), CONTROL_FOLDER "/%s.d/50-%s.conf", unit,
                         properties[i]);
                if (strcmp(path, ours) == 0)
                        return true;
        }
        return false;
}

/* Would it be removed with ours? Those of the vendor stay, and those for other slices, too
 * ("albatross-.slice.d"). */
static bool is_in_danger(const char *unit, const char *path) {
        char folder[512];

        snprintf(folder, sizeof(folder), "/%s.d/", unit);
        return strstr(path, folder) && strncmp(path, "/usr/", strlen("/usr/")) != 0 &&
               strncmp(path, "/lib/", strlen("/lib/")) != 0 && !is_ours(unit, path);
}

/* With its first property PID 1 has made its control group, which goes when the slice is stopped,
 * but one that never began never is. So it begins, and PID 1 stops it at once, by
 * StopWhenUnneeded=, if there is nothing in it. */
static int begin_and_end(SliceChange *change) {
        return sd_bus_call_method_async(change->bus, &change->slot, MANAGER_ADDRESS, "StartUnit",
                                        on_done, change, "ss", change->unit, "replace");
}

static int on_reverted(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        SliceChange *change = userdata;
        int r;

        if (has_failed(change, reply))
                return 0;
        r = begin_and_end(change);
        if (r < 0)
                finish(change, r, strerror(-r));
        return 0;
}

static int on_drop_ins(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        SliceChange *change = userdata;
        bool is_endangered = false;
        const char *path;
        int r;

        if (has_failed(change, reply))
                return 0;
        r = sd_bus_message_enter_container(reply, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read_basic(reply, 's', &path)) > 0)
                is_endangered = is_endangered || is_in_danger(change->unit, path);
        /* No reload follows: the slice itself knows its new limits already, and one that is loaded
         * later does not see the old ones. */
        if (r >= 0)
                r = is_endangered
                            ? begin_and_end(change)
                            : sd_bus_call_method_async(change->bus, &change->slot, MANAGER_ADDRESS,
                                                       "RevertUnitFiles", on_reverted, change, "as",
                                                       1, change->unit);
        if (r < 0)
                finish(change, r, strerror(-r));
        return 0;
}

static int on_unlimited(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        _cleanup_(freep) char *path = NULL;
        SliceChange *change = userdata;
        int r;

        if (has_failed(change, reply))
                return 0;
        r = sd_bus_path_encode(MANAGER_UNIT_PREFIX, change->unit, &path);
        if (r >= 0)
                r = sd_bus_call_method_async(change->bus, &change->slot, MANAGER_NAME, path,
                                             "org.freedesktop.DBus.Properties", "Get", on_drop_ins,
                                             change, "ss", MANAGER_UNIT, "DropInPaths");
        if (r < 0)
                finish(change, r, strerror(-r));
        return 0;
}

int slice_remove_limits(SliceChange **ret,
                        sd_bus *bus,
                        const char *unit,
                        SliceChanged handler,
                        void *userdata) {
        const SliceLimits none = {
                .unit = unit,
                .memory_max_bytes = UINT64_MAX,
                .tasks_max = UINT64_MAX,
        };
        _cleanup_(slice_change_freep) SliceChange *change = NULL;
        int r;

        r = change_new(&change, bus, unit, handler, userdata);
        if (r < 0)
                return r;
        r = set_properties(change, &none, on_unlimited);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(change);
        return 0;
}
