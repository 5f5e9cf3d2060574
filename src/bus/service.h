/* SPDX-License-Identifier: ISC */
#pragma once

/* What the files of this folder share. */

#include "bus/bus-service.h"
#include "bus/call.h"

#define BUS_PATH           "/org/albatross"
#define BUS_PATH_UNIKERNEL "/org/albatross/unikernel"
#define BUS_MANAGER        "org.albatross.Manager"
#define BUS_UNIKERNEL      "org.albatross.Unikernel"

struct BusService {
        Manager *manager;
        ListLink connections;
        ListLink calls;
        Turns *turns;
};

extern const sd_bus_vtable manager_vtable[];
extern const sd_bus_vtable unikernel_vtable[];

/* host.c and inspect.c, in the manager's vtable. */
int bus_method_get_host(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_method_inspect(sd_bus_message *message, void *userdata, sd_bus_error *error);

/* revision-methods.c, the same; and whether there is a network that may use the MACs of others. */
int bus_method_set(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_method_update(sd_bus_message *message, void *userdata, sd_bus_error *error);
bool bus_has_unlocked_net(const Config *config);

/* bulk-methods.c, the same. */
int bus_method_start_all(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_method_stop_all(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_method_restart_all(sd_bus_message *message, void *userdata, sd_bus_error *error);

/* block-methods.c, the same; and whether a call of these brings or takes many bytes. */
int bus_method_create_block(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_method_write_block(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_method_read_block(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_method_remove_block(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_method_list_blocks(sd_bus_message *message, void *userdata, sd_bus_error *error);
bool block_is_transfer(BusService *service, sd_bus_message *message);
/* policy-methods.c, the same. */
int bus_method_set_policy(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_method_remove_policy(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_method_list_policies(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_method_list_own_paths(sd_bus_message *message, void *userdata, sd_bus_error *error);

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

/* A set of CPUs as "au". */
int bus_append_cpus(sd_bus_message *message, const Cpus *cpus);

/* method handlers' shared beginning: the name that is the first argument. */
int bus_read_name(sd_bus_message *message, Name *ret, sd_bus_error *error);
