/* SPDX-License-Identifier: ISC */

/* What is recorded of a policy, as text; the fields are named as on the bus. */

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"

#define POLICY_VERSION 1

static json_t *bridges_to_json(const Bridges *bridges) {
        json_t *array = json_array();

        for (size_t i = 0; i < bridges->n; i++)
                if (json_array_append_new(array, json_string(bridges->names[i].text)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

static json_t *owners_to_json(const Owners *owners) {
        json_t *array = json_array();

        for (size_t i = 0; i < owners->n; i++) {
                const Owner *owner = &owners->owners[i];

                if (json_array_append_new(
                            array,
                            json_pack("{s:s, s:I}", owner->kind == OWNER_USER ? "User" : "Group",
                                      owner->name, "ID", (json_int_t) owner->id)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        }
        return array;
}

int policy_text_format(const Name *path, const Policy *policy, char **ret) {
        _cleanup_(json_decrefp) json_t *object = NULL;
        char cpus[CPUS_TEXT_MAX + 1];
        char *text;

        cpus_format(&policy->cpus, cpus);
        /* Without a number there are no block devices; none of 0 bytes is another thing. */
        object = json_pack("{s:i, s:s, s:I, s:I, s:s, s:o?, s:o, s:o}", "Version", POLICY_VERSION,
                           "Path", path->text, "Unikernels", (json_int_t) policy->n_unikernels,
                           "Memory", (json_int_t) policy->memory_bytes, "CPUs", cpus, "Block",
                           policy->allows_block ? json_integer((json_int_t) policy->block_bytes)
                                                : NULL,
                           "Bridges", bridges_to_json(&policy->bridges), "Owners",
                           owners_to_json(&policy->owners));
        text = object ? json_dumps(object, JSON_INDENT(2)) : NULL;
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

static int read_bridges(Bridges *bridges, const json_t *array) {
        json_t *name;
        size_t i;

        if (!json_is_array(array) || json_array_size(array) > POLICY_BRIDGES_MAX)
                return -EBADMSG;
        json_array_foreach(array, i, name) {
                int r;

                if (!json_is_string(name))
                        return -EBADMSG;
                r = bridges_add(bridges, json_string_value(name), NULL);
                if (r <= 0)
                        return r == -ENOMEM ? r : -EBADMSG;
        }
        return 0;
}

static int read_owner(Owners *owners, json_t *object) {
        const char *user = NULL, *group = NULL;
        json_int_t id;
        Owner owner;
        int r;

        if (json_unpack(object, "{s?s, s?s, s:I}", "User", &user, "Group", &group, "ID", &id) < 0)
                return -EBADMSG;
        if (!user == !group || id < 0 || id >= UINT32_MAX)
                return -EBADMSG;
        if (owner_init(&owner, user ? OWNER_USER : OWNER_GROUP, (uint32_t) id, user ? user : group,
                       NULL) < 0)
                return -EBADMSG;
        r = owners_add(owners, &owner);
        return r == 0 ? -EBADMSG : r;
}

static int read_owners(Owners *owners, const json_t *array) {
        json_t *object;
        size_t i;

        if (!json_is_array(array) || json_array_size(array) > POLICY_OWNERS_MAX)
                return -EBADMSG;
        json_array_foreach(array, i, object) {
                int r = read_owner(owners, object);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_numbers(Policy *policy, json_t *object) {
        json_int_t n_unikernels, memory, version;
        const char *cpus, *path;
        json_t *block;

        if (json_unpack(object, "{s:I, s:s, s:I, s:I, s:s, s:o}", "Version", &version, "Path",
                        &path, "Unikernels", &n_unikernels, "Memory", &memory, "CPUs", &cpus,
                        "Block", &block) < 0)
                return -EBADMSG;
        if (n_unikernels < 0 || n_unikernels > UINT32_MAX || memory < 0 ||
            cpus_parse(&policy->cpus, cpus, NULL) < 0)
                return -EBADMSG;
        policy->n_unikernels = (uint32_t) n_unikernels;
        policy->memory_bytes = (uint64_t) memory;
        if (json_is_null(block))
                return 0;
        if (!json_is_integer(block) || json_integer_value(block) < 0)
                return -EBADMSG;
        policy->allows_block = true;
        policy->block_bytes = (uint64_t) json_integer_value(block);
        return 0;
}

int policy_text_parse(const Name *path, Policy *ret, const char *text, size_t size) {
        _cleanup_(policy_clear) Policy policy = {};
        _cleanup_(json_decrefp) json_t *object = NULL;
        json_error_t error;
        int r;

        object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
        if (!object)
                return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
        if (json_integer_value(json_object_get(object, "Version")) != POLICY_VERSION)
                return -EBADMSG;
        if (!json_is_string(json_object_get(object, "Path")) ||
            strcmp(json_string_value(json_object_get(object, "Path")), path->text) != 0)
                return -EBADMSG;
        r = read_numbers(&policy, object);
        if (r < 0)
                return r;
        r = read_bridges(&policy.bridges, json_object_get(object, "Bridges"));
        if (r < 0)
                return r;
        r = read_owners(&policy.owners, json_object_get(object, "Owners"));
        if (r < 0)
                return r;
        if (policy_check(&policy, NULL) < 0)
                return -EBADMSG;

        *ret = policy;
        policy = (Policy){};
        return 0;
}
