/* SPDX-License-Identifier: ISC */

/* The methods of /org/albatross that are about policies. */

#include <string.h>

#include "base/cleanup.h"
#include "bus/append.h"
#include "bus/options.h"
#include "bus/service.h"

static bool is_allowed_still(void *userdata) {
        return call_is_allowed_still(userdata);
}

static int read_set(Call *call, Fault *fault) {
        return options_read_set_policy(call->message, &call->policy, fault);
}

static int read_remove(Call *call, Fault *fault) {
        call->policy.removes = true;
        return options_read_remove_policy(call->message, &call->policy, fault);
}

static void change(Call *call) {
        call->policy.path = call->name;
        call->policy.is_allowed = is_allowed_still;
        call->policy.userdata = call;
        manager_order_policy(call->service->manager, &call->policy, call_done, call);
}

/* --- lists --- */

static int append_entry_bridges(sd_bus_message *reply, const Bridges *bridges) {
        int r;

        r = bus_open_list(reply, "Bridges", "as");
        for (size_t i = 0; r >= 0 && i < bridges->n; i++)
                r = sd_bus_message_append(reply, "s", bridges->names[i].text);
        return r < 0 ? r : bus_close_list(reply);
}

static int append_entry_owners(sd_bus_message *reply, const Owners *owners) {
        int r;

        r = bus_open_list(reply, "Owners", "as");
        for (size_t i = 0; r >= 0 && i < owners->n; i++) {
                const Owner *owner = &owners->owners[i];
                char word[OWNER_NAME_MAX + 2] = "@";

                strcpy(word + (owner->kind == OWNER_GROUP), owner->name);
                r = sd_bus_message_append(reply, "s", word);
        }
        return r < 0 ? r : bus_close_list(reply);
}

static int append_policy(void *userdata, const PolicyReport *report) {
        const Policy *policy = report->policy;
        const Usage *usage = report->usage;
        sd_bus_message *reply = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'r', "sa{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "s", report->path);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}", "Unikernels", "u",
                                  policy->n_unikernels, "UnikernelsUsed", "u", usage->n_unikernels,
                                  "Memory", "t", policy->memory_bytes, "MemoryUsed", "t",
                                  usage->memory_bytes, "Block", "t", policy->block_bytes,
                                  "BlockUsed", "t", usage->block_bytes);
        if (r >= 0)
                r = bus_append_entry_cpus(reply, &policy->cpus);
        if (r >= 0)
                r = append_entry_bridges(reply, &policy->bridges);
        if (r >= 0)
                r = append_entry_owners(reply, &policy->owners);
        for (unsigned level = 0; r >= 0 && level < 2; level++)
                r = sd_bus_message_close_container(reply);
        return r;
}

static int append_policies(sd_bus_message *reply, void *userdata) {
        Call *call = userdata;

        return manager_visit_policies(call->service->manager, &call->name, append_policy, reply);
}

static void list(Call *call) {
        call_reply_array(call, "(sa{sv})", append_policies, call);
}

static int read_list(Call *call, Fault *fault) {
        call->question = call->name.text[0]
                                 ? "Authentication is required to list the policies below $(path)."
                                 : "Authentication is required to list the policies of this host.";
        return 0;
}

/* --- what the caller owns --- */

typedef struct OwnPaths {
        const Caller *caller;
        sd_bus_message *reply;
        Name last; /* the one told last: what is below it is his, too */
} OwnPaths;

static int append_own_path(void *userdata, const PolicyReport *report) {
        const Owners *owners = &report->policy->owners;
        OwnPaths *own = userdata;

        if (own->last.text[0] && name_is_below(report->path, own->last.text))
                return 0;
        for (size_t i = 0; i < owners->n; i++)
                if (caller_is(own->caller, &owners->owners[i])) {
                        strcpy(own->last.text, report->path);
                        return sd_bus_message_append(own->reply, "s", report->path);
                }
        return 0;
}

static int append_own_paths(sd_bus_message *reply, void *userdata) {
        Call *call = userdata;
        OwnPaths own = {
                .caller = turns_caller(call->service->turns, call->message),
                .reply = reply,
        };
        const Name root = {};

        /* On the private socket there is root, who has everything and owns nothing. */
        if (!own.caller)
                return 0;
        return manager_visit_policies(call->service->manager, &root, append_own_path, &own);
}

static void list_own(Call *call) {
        call_reply_array(call, "s", append_own_paths, call);
}

const Method policy_methods[] = {
        {"SetPolicy", "manage-policies", "set", TARGET_PATH, .read = read_set, .allowed = change},
        {"RemovePolicy", "manage-policies", "remove", TARGET_PATH, .read = read_remove,
         .allowed = change},
        {"ListPolicies", "inspect", "list-policies", TARGET_PREFIX, .read = read_list,
         .allowed = list},
        {"ListOwnPaths", .allowed = list_own},
        {},
};
