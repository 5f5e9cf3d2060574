/* SPDX-License-Identifier: ISC */

/* The methods of /org/albatross that are about policies. */

#include <string.h>

#include "base/cleanup.h"
#include "bus/options.h"
#include "bus/service.h"

/* The first argument, a path. */
static int read_path(sd_bus_message *message, Name *ret, sd_bus_error *error) {
        Fault fault = {};
        const char *text;
        int r;

        r = sd_bus_message_read_basic(message, 's', &text);
        if (r < 0)
                return r;
        r = path_parse(ret, text, &fault);
        return r < 0 ? fault_to_error(error, r, &fault) : 0;
}

static bool is_allowed_still(void *userdata) {
        return call_is_allowed_still(userdata);
}

static void order_allowed(Call *call) {
        call->policy.path = call->name;
        call->policy.is_allowed = is_allowed_still;
        call->policy.userdata = call;
        manager_order_policy(call->service->manager, &call->policy, call_done, call);
}

typedef int (*ReadOptions)(sd_bus_message *message, PolicyOrder *order, Fault *fault);

static int manage(sd_bus_message *message,
                  void *userdata,
                  sd_bus_error *error,
                  const char *verb,
                  ReadOptions read_options) {
        _cleanup_(call_freep) Call *call = NULL;
        Fault fault = {};
        int r;

        r = call_new(&call, userdata, message, TURN_CALL);
        if (r < 0)
                return r;
        r = read_path(message, &call->name, error);
        if (r < 0)
                return r;
        r = read_options(message, &call->policy, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        call->policy.removes = strcmp(verb, "remove") == 0;
        return call_authorize(TAKE_PTR(call), "org.albatross.manage-policies", verb, order_allowed);
}

int bus_method_set_policy(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return manage(message, userdata, error, "set", options_read_set_policy);
}

int bus_method_remove_policy(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return manage(message, userdata, error, "remove", options_read_remove_policy);
}

/* --- lists --- */

static int append_entry_cpus(sd_bus_message *reply, const Cpus *cpus) {
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", "CPUs");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "au");
        if (r >= 0)
                r = bus_append_cpus(reply, cpus);
        for (unsigned level = 0; r >= 0 && level < 2; level++)
                r = sd_bus_message_close_container(reply);
        return r;
}

static int open_strings(sd_bus_message *reply, const char *key) {
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "s");
        return r;
}

static int close_strings(sd_bus_message *reply, int r) {
        for (unsigned level = 0; r >= 0 && level < 3; level++)
                r = sd_bus_message_close_container(reply);
        return r;
}

static int append_entry_bridges(sd_bus_message *reply, const Bridges *bridges) {
        int r;

        r = open_strings(reply, "Bridges");
        for (size_t i = 0; r >= 0 && i < bridges->n; i++)
                r = sd_bus_message_append(reply, "s", bridges->names[i].text);
        return close_strings(reply, r);
}

static int append_entry_owners(sd_bus_message *reply, const Owners *owners) {
        int r;

        r = open_strings(reply, "Owners");
        for (size_t i = 0; r >= 0 && i < owners->n; i++) {
                const Owner *owner = &owners->owners[i];
                char word[OWNER_NAME_MAX + 2] = "@";

                strcpy(word + (owner->kind == OWNER_GROUP), owner->name);
                r = sd_bus_message_append(reply, "s", word);
        }
        return close_strings(reply, r);
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
                r = append_entry_cpus(reply, &policy->cpus);
        if (r >= 0)
                r = append_entry_bridges(reply, &policy->bridges);
        if (r >= 0)
                r = append_entry_owners(reply, &policy->owners);
        for (unsigned level = 0; r >= 0 && level < 2; level++)
                r = sd_bus_message_close_container(reply);
        return r;
}

static int reply_list(Call *call) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call->message, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "(sa{sv})");
        if (r < 0)
                return r;
        r = manager_visit_policies(call->service->manager, &call->name, append_policy, reply);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

static void list_allowed(Call *call) {
        int r;

        r = reply_list(call);
        if (r < 0)
                call_fail(call, r, NULL);
        else
                call_free(call);
}

int bus_method_list_policies(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        int r;

        r = call_new(&call, userdata, message, TURN_CALL);
        if (r < 0)
                return r;
        r = read_path(message, &call->name, error);
        if (r < 0)
                return r;
        call->is_prefix = true;
        call->question = call->name.text[0]
                                 ? "Authentication is required to list the policies below $(path)."
                                 : "Authentication is required to list the policies of this host.";
        return call_authorize(TAKE_PTR(call), "org.albatross.inspect", "list-policies",
                              list_allowed);
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

int bus_method_list_own_paths(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const Name root = {};
        BusService *service = userdata;
        OwnPaths own = {.caller = turns_caller(service->turns, message)};
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "s");
        if (r < 0)
                return r;
        own.reply = reply;
        /* On the private socket there is root, who has everything and owns nothing. */
        if (own.caller)
                r = manager_visit_policies(service->manager, &root, append_own_path, &own);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}
