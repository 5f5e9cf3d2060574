/* SPDX-License-Identifier: ISC */

/* /org/albatross/unikernel/NAME: found by name, nothing is registered for each of them. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus/append.h"
#include "bus/service.h"

int unikernel_path(const char *name, char **ret) {
        return sd_bus_path_encode(BUS_PATH_UNIKERNEL, name, ret);
}

int unikernel_find_object(sd_bus *bus,
                          const char *path,
                          const char *interface,
                          void *userdata,
                          void **ret_found,
                          sd_bus_error *error) {
        _cleanup_(freep) char *name = NULL;
        BusService *service = userdata;
        Unikernel *unikernel;
        int r;

        r = sd_bus_path_decode(path, BUS_PATH_UNIKERNEL, &name);
        if (r <= 0)
                return r;
        unikernel = manager_find(service->manager, name);
        if (!unikernel)
                return 0;
        *ret_found = unikernel;
        return 1;
}

typedef struct Nodes {
        char **paths;
        size_t n;
} Nodes;

static int add_node(void *userdata, const Unikernel *unikernel) {
        Nodes *nodes = userdata;
        char **larger;
        int r;

        larger = reallocarray(nodes->paths, nodes->n + 2, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        nodes->paths = larger;
        r = unikernel_path(unikernel->name.text, &nodes->paths[nodes->n]);
        if (r < 0)
                return r;
        nodes->paths[++nodes->n] = NULL;
        return 0;
}

int unikernel_enumerate(sd_bus *bus,
                        const char *prefix,
                        void *userdata,
                        char ***ret_nodes,
                        sd_bus_error *error) {
        BusService *service = userdata;
        Nodes nodes = {};
        int r;

        r = manager_visit(service->manager, "", add_node, &nodes);
        if (r < 0) {
                while (nodes.n > 0)
                        free(nodes.paths[--nodes.n]);
                free(nodes.paths);
                return r;
        }
        *ret_nodes = nodes.paths;
        return 0;
}

/* Start() of the object is StartUnikernel() of its name. */
static int method_own(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        /* The handler's userdata is the unikernel; what the vtable was added with is the service.
         */
        BusService *service =
                sd_bus_slot_get_userdata(sd_bus_get_current_slot(sd_bus_message_get_bus(message)));
        const Unikernel *unikernel = userdata;
        char member[32];

        snprintf(member, sizeof(member), "%sUnikernel", sd_bus_message_get_member(message));
        return call_method_of(service, bus_find_method(member), message, &unikernel->name);
}

/* What is there of a unikernel as a word; "" when there is no run. */
static int property_get_text(sd_bus *bus,
                             const char *path,
                             const char *interface,
                             const char *property,
                             sd_bus_message *reply,
                             void *userdata,
                             sd_bus_error *error) {
        const Unikernel *unikernel = userdata;
        char unit[NAME_UNIT_MAX + 1];
        const char *text = "";

        if (strcmp(property, "Name") == 0)
                text = unikernel->name.text;
        else if (strcmp(property, "Type") == 0)
                text = unikernel_type(unikernel);
        else if (strcmp(property, "State") == 0)
                text = state_to_string(unikernel->state);
        else if (strcmp(property, "ExitResult") == 0)
                text = exit_result_to_string(unikernel->last_exit.result);
        else if (strcmp(property, "Slice") == 0) {
                unikernel_slice(unikernel, unit);
                text = unit;
        } else if (unikernel->run && strcmp(property, "Scope") == 0) {
                unikernel_scope(unikernel, unit);
                text = unit;
        } else if (unikernel->run && unikernel->tender_path && strcmp(property, "Tender") == 0)
                text = unikernel->tender_path;

        return sd_bus_message_append(reply, "s", text);
}

static int property_get_control_group(sd_bus *bus,
                                      const char *path,
                                      const char *interface,
                                      const char *property,
                                      sd_bus_message *reply,
                                      void *userdata,
                                      sd_bus_error *error) {
        const Unikernel *unikernel = userdata;
        char group[NAME_CONTROL_GROUP_MAX + 1] = "";

        if (unikernel->run)
                unikernel_control_group(unikernel, group);
        return sd_bus_message_append(reply, "s", group);
}

static int property_get_run_number(sd_bus *bus,
                                   const char *path,
                                   const char *interface,
                                   const char *property,
                                   sd_bus_message *reply,
                                   void *userdata,
                                   sd_bus_error *error) {
        const Run *run = ((const Unikernel *) userdata)->run;
        uint32_t number = 0;

        if (run)
                number = strcmp(property, "UID") == 0 ? run->uid : (uint32_t) run->pid;
        return sd_bus_message_append(reply, "u", number);
}

static int property_get_invocation(sd_bus *bus,
                                   const char *path,
                                   const char *interface,
                                   const char *property,
                                   sd_bus_message *reply,
                                   void *userdata,
                                   sd_bus_error *error) {
        const Run *run = ((const Unikernel *) userdata)->run;

        return sd_bus_message_append_array(reply, 'y', run ? &run->invocation : NULL,
                                           run ? sizeof(run->invocation) : 0);
}

static int property_get_cpus(sd_bus *bus,
                             const char *path,
                             const char *interface,
                             const char *property,
                             sd_bus_message *reply,
                             void *userdata,
                             sd_bus_error *error) {
        return bus_append_cpus(reply, &((const Unikernel *) userdata)->config.cpus);
}

static int property_get_restart_policy(sd_bus *bus,
                                       const char *path,
                                       const char *interface,
                                       const char *property,
                                       sd_bus_message *reply,
                                       void *userdata,
                                       sd_bus_error *error) {
        char text[RESTART_TEXT_MAX + 1];

        restart_format(&((const Unikernel *) userdata)->config.restart, text);
        return sd_bus_message_append(reply, "s", text);
}

static int property_get_exits(sd_bus *bus,
                              const char *path,
                              const char *interface,
                              const char *property,
                              sd_bus_message *reply,
                              void *userdata,
                              sd_bus_error *error) {
        const History *history = &((const Unikernel *) userdata)->history;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(siutt)");
        for (size_t i = 0; r >= 0 && i < history->n_entries; i++) {
                const HistoryEntry *entry = &history->entries[i];

                r = sd_bus_message_append(reply, "(siutt)", exit_result_to_string(entry->result),
                                          entry->status, entry->n_times, entry->first_usec,
                                          entry->last_usec);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int property_get_bool(sd_bus *bus,
                             const char *path,
                             const char *interface,
                             const char *property,
                             sd_bus_message *reply,
                             void *userdata,
                             sd_bus_error *error) {
        const Unikernel *unikernel = userdata;
        bool value = strcmp(property, "AddName") == 0 ? unikernel->config.add_name
                                                      : unikernel->shows_arguments;

        return sd_bus_message_append(reply, "b", (int) value);
}

#define CONSTANT SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES  SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

/* clang-format off */
const sd_bus_vtable unikernel_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Start", "", "", method_own, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Stop", "", "", method_own, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Restart", "", "", method_own, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Destroy", "", "", method_own, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Name", "s", property_get_text, 0, CONSTANT),
        SD_BUS_PROPERTY("Type", "s", property_get_text, 0, CHANGES),
        SD_BUS_PROPERTY("State", "s", property_get_text, 0, CHANGES),
        SD_BUS_PROPERTY("StateChangeTimestamp", "t", NULL,
                        offsetof(Unikernel, state_usec), CHANGES),
        SD_BUS_PROPERTY("Memory", "t", NULL, offsetof(Unikernel, config.memory_bytes), CHANGES),
        SD_BUS_PROPERTY("CPUs", "au", property_get_cpus, 0, CHANGES),
        SD_BUS_PROPERTY("AddName", "b", property_get_bool, 0, CHANGES),
        SD_BUS_PROPERTY("Restarts", "u", NULL, offsetof(Unikernel, n_restarts), CHANGES),
        SD_BUS_PROPERTY("NextRestartTimestamp", "t", NULL,
                        offsetof(Unikernel, next_utc_usec), CHANGES),
        SD_BUS_PROPERTY("RestartPolicy", "s", property_get_restart_policy, 0, CHANGES),
        SD_BUS_PROPERTY("Startup", "u", NULL, offsetof(Unikernel, config.startup), CHANGES),
        SD_BUS_PROPERTY("CreationTimestamp", "t", NULL,
                        offsetof(Unikernel, created_usec), CONSTANT),
        SD_BUS_PROPERTY("ImageSize", "t", NULL, offsetof(Unikernel, image.size_bytes), CHANGES),
        SD_BUS_PROPERTY("MainPID", "u", property_get_run_number, 0, CHANGES),
        SD_BUS_PROPERTY("UID", "u", property_get_run_number, 0, CHANGES),
        SD_BUS_PROPERTY("Scope", "s", property_get_text, 0, CHANGES),
        SD_BUS_PROPERTY("Slice", "s", property_get_text, 0, CHANGES),
        SD_BUS_PROPERTY("ControlGroup", "s", property_get_control_group, 0, CHANGES),
        SD_BUS_PROPERTY("InvocationID", "ay", property_get_invocation, 0, CHANGES),
        SD_BUS_PROPERTY("Tender", "s", property_get_text, 0, CHANGES),
        SD_BUS_PROPERTY("ArgumentsVisible", "b", property_get_bool, 0, CHANGES),
        SD_BUS_PROPERTY("ExitResult", "s", property_get_text, 0, CHANGES),
        SD_BUS_PROPERTY("ExitStatus", "i", NULL, offsetof(Unikernel, last_exit.status), CHANGES),
        SD_BUS_PROPERTY("ExitTimestamp", "t", NULL,
                        offsetof(Unikernel, last_exit.timestamp_usec), CHANGES),
        SD_BUS_PROPERTY("Exits", "a(siutt)", property_get_exits, 0, CHANGES),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
