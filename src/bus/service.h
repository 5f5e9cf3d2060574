/* SPDX-License-Identifier: ISC */
#pragma once

/* What the files of this folder share. */

#include "bus/bus-service.h"
#include "bus/call.h"

#define BUS_PATH           "/org/albatross"
#define BUS_PATH_LOG       "/org/freedesktop/LogControl1"
#define BUS_PATH_UNIKERNEL "/org/albatross/unikernel"
#define BUS_MANAGER        "org.albatross.Manager"
#define BUS_UNIKERNEL      "org.albatross.Unikernel"
#define BUS_LOG            "org.freedesktop.LogControl1"

struct BusService {
        Manager *manager;
        ListLink connections;
        ListLink calls;
        Turns *turns;
};

extern const sd_bus_vtable manager_vtable[];
extern const sd_bus_vtable unikernel_vtable[];
extern const sd_bus_vtable log_control_vtable[];

/* Of X-methods.c; private_methods: of inspect.c. Each ends with an empty row. */
extern const Method unikernel_methods[];
extern const Method bulk_methods[];
extern const Method private_methods[];
extern const Method block_methods[];
extern const Method policy_methods[];
extern const Method host_methods[];
extern const Method statistics_methods[];

/* All of these, and NULL. */
extern const Method *const bus_methods[];

/* The method of the manager's that is called so; NULL: none. */
const Method *bus_find_method(const char *member);

/* Is the sender root, without asking anybody? */
bool bus_sender_is_root(BusService *service, sd_bus_message *message);

/* An object path; the caller frees it. */
int unikernel_path(const char *name, char **ret);

/* For sd_bus_add_fallback_vtable() and sd_bus_add_node_enumerator(). */
int unikernel_find_object(sd_bus *bus,
                          const char *path,
                          const char *interface,
                          void *userdata,
                          void **ret_found,
                          sd_bus_error *error);
int unikernel_enumerate(sd_bus *bus,
                        const char *prefix,
                        void *userdata,
                        char ***ret_nodes,
                        sd_bus_error *error);
