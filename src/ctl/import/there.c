/* SPDX-License-Identifier: ISC */

#include <errno.h>

#include "base/cleanup.h"
#include "ctl/call.h"
#include "ctl/error.h"
#include "ctl/import/there.h"

/* One structure of the reply into @list; 0 at the end. */
typedef int (*ReadOne)(json_t *list, sd_bus_message *reply);

static const struct {
        const char *method, *type;
} questions[ITEM_N_KINDS] = {
        [ITEM_POLICY] = {"ListPolicies", "(sa{sv})"},
        [ITEM_BLOCK] = {"ListBlockDevices", "(sttss)"},
        [ITEM_UNIKERNEL] = {"ListUnikernels", "(ssttauuso)"},
};

static int add(json_t *list, const char *name, json_t *value) {
        if (!value)
                return -ENOMEM;
        return json_object_set_new(list, name, value) < 0 ? -ENOMEM : 1;
}

static int read_policy_entry(json_t *list, sd_bus_message *reply) {
        json_t *fields = NULL;
        const char *path;
        int r;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "sa{sv}");
        if (r <= 0)
                return r;
        r = sd_bus_message_read(reply, "s", &path);
        if (r >= 0)
                r = json_from_dictionary(&fields, reply);
        if (r < 0)
                return r;
        r = add(list, path, fields);
        return r < 0 ? r : sd_bus_message_exit_container(reply) < 0 ? -EBADMSG : 1;
}

static int read_block_entry(json_t *list, sd_bus_message *reply) {
        uint64_t size, allocated;
        const char *name;
        int r;

        r = sd_bus_message_read(reply, "(sttss)", &name, &size, &allocated, NULL, NULL);
        if (r <= 0)
                return r;
        return add(list, name, json_pack("{s:I}", "Size", (json_int_t) size));
}

/* The rest is asked for one by one, where it matters. */
static int read_unikernel_entry(json_t *list, sd_bus_message *reply) {
        const char *name;
        int r;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "ssttauuso");
        if (r <= 0)
                return r;
        r = sd_bus_message_read(reply, "s", &name);
        if (r >= 0)
                r = sd_bus_message_skip(reply, "sttauuso");
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        return r < 0 ? r : add(list, name, json_object());
}

static int read_list(json_t **ret, sd_bus_message *reply, ItemKind kind) {
        static const ReadOne readers[ITEM_N_KINDS] = {
                [ITEM_POLICY] = read_policy_entry,
                [ITEM_BLOCK] = read_block_entry,
                [ITEM_UNIKERNEL] = read_unikernel_entry,
        };
        _cleanup_(json_decrefp) json_t *list = json_object();
        int r;

        if (!list)
                return -ENOMEM;
        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, questions[kind].type);
        while (r > 0)
                r = readers[kind](list, reply);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

static int ask(There *there, sd_bus *bus, ItemKind kind) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Fault *fault = &there->faults[kind];
        const Name root = {};
        int r;

        r = call_list(&reply, bus, questions[kind].method, &root, fault);
        if (r < 0)
                return r;
        r = read_list(&there->lists[kind], reply, kind);
        return r < 0 ? error_from_bus(fault, NULL, r) : 0;
}

static bool speak_of(const Items *items, ItemKind kind) {
        for (size_t i = 0; i < items->n_items; i++) {
                const Item *item = &items->items[i];

                if (item->kind == kind || (kind == ITEM_BLOCK && item->config.devices.n_blocks > 0))
                        return true;
        }
        return false;
}

int there_ask(There *ret, sd_bus *bus, const Items *items) {
        There there = {};

        for (ItemKind kind = 0; kind < ITEM_N_KINDS; kind++) {
                if (bus) {
                        if (speak_of(items, kind))
                                (void) ask(&there, bus, kind);
                        continue;
                }
                there.lists[kind] = json_object();
                if (!there.lists[kind]) {
                        there_done(&there);
                        return -ENOMEM;
                }
        }

        *ret = there;
        return 0;
}

void there_done(There *there) {
        for (ItemKind kind = 0; kind < ITEM_N_KINDS; kind++)
                json_decref(there->lists[kind]);
        *there = (There){};
}

const json_t *there_find(const There *there, const Item *item) {
        return json_object_get(there->lists[item->kind], item->name.text);
}
