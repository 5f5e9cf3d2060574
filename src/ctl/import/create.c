/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ctl/append.h"
#include "ctl/call.h"
#include "ctl/error.h"
#include "ctl/import/create.h"
#include "ctl/import/folder.h"

static int fill_policy(sd_bus_message *message, const Item *item) {
        const Policy *policy = &item->policy;
        int r;

        r = sd_bus_message_append(message, "s", item->name.text);
        if (r >= 0)
                r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(message, "{sv}{sv}{sv}", "Unikernels", "u",
                                          policy->n_unikernels, "Memory", "t", policy->memory_bytes,
                                          "Block", "t", policy->block_bytes);
        if (r >= 0)
                r = append_cpus(message, &policy->cpus);
        if (r >= 0)
                r = append_bridges(message, &policy->bridges);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

/* What a guest has on its disk may well begin like something packed. */
static int fill_block(sd_bus_message *message, const Item *item, int fd) {
        return sd_bus_message_append(message, "sta{sv}", item->name.text, item->block_bytes, 2,
                                     "Content", "h", fd, "Compression", "s", "none");
}

static int fill_unikernel(sd_bus_message *message, const Item *item, int fd, bool start) {
        const Config *config = &item->config;
        int r;

        r = sd_bus_message_append(message, "sh", item->name.text, fd);
        if (r >= 0)
                r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(message, "{sv}{sv}{sv}", "Memory", "t",
                                          config->memory_bytes, "AddName", "b",
                                          (int) config->add_name, "Start", "b", (int) start);
        if (r >= 0)
                r = sd_bus_message_append(message, "{sv}", "Startup", "u", config->startup);
        if (r >= 0)
                r = append_restart(message, &config->restart);
        if (r >= 0 && !cpus_is_empty(&config->cpus))
                r = append_cpus(message, &config->cpus);
        if (r >= 0 && config->arguments.size > 0)
                r = append_strings(message, "Arguments", &config->arguments);
        if (r >= 0 && config->devices.n_nets > 0)
                r = append_nets(message, &config->devices);
        if (r >= 0 && config->devices.n_blocks > 0)
                r = append_blocks(message, &config->devices);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int open_image(const Item *item) {
        return file_memfd("image", item->image, item->image_size);
}

int create_item(sd_bus *bus, const Items *items, const Item *item, bool start, Fault *fault) {
        static const char *const methods[ITEM_N_KINDS] = {
                [ITEM_POLICY] = "SetPolicy",
                [ITEM_BLOCK] = "CreateBlockDevice",
                [ITEM_UNIKERNEL] = "CreateUnikernel",
        };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(fd_closep) int fd = -1;
        int r;

        r = call_new(&message, bus, methods[item->kind], fault);
        if (r < 0)
                return r;
        if (item->kind == ITEM_BLOCK)
                fd = folder_open(items, item, fault);
        else if (item->kind == ITEM_UNIKERNEL)
                fd = open_image(item);
        if (fd < 0 && item->kind != ITEM_POLICY)
                return fd;

        if (item->kind == ITEM_POLICY)
                r = fill_policy(message, item);
        else if (item->kind == ITEM_BLOCK)
                r = fill_block(message, item, fd);
        else
                r = fill_unikernel(message, item, fd, start);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        return call_now(NULL, bus, message, CALL_PATIENTLY, fault);
}

int create_look(Intake *ret, const Item *item, Fault *fault) {
        _cleanup_(fd_closep) int fd = open_image(item);

        return fd < 0 ? fd : intake_run(ret, fd, fault);
}
