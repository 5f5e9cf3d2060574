/* SPDX-License-Identifier: ISC */

#include <string.h>

#include "base/cleanup.h"
#include "ctl/import/compare.h"
#include "ctl/properties.h"

/* Notes @field unless it @is_same. */
static int note(Strings *fields, const char *field, bool is_same) {
        return is_same ? 0 : strings_append(fields, field);
}

/* The empty set stands for all that are allowed. */
static bool has_cpus(const json_t *there, const Cpus *cpus) {
        Cpus others;

        return cpus_is_empty(cpus) || (properties_cpus(&others, json_object_get(there, "CPUs")) &&
                                       cpus_equal(cpus, &others));
}

static bool has_bridges(const json_t *there, const Bridges *bridges) {
        const json_t *names = json_object_get(there, "Bridges");

        if (json_array_size(names) != bridges->n)
                return false;
        for (size_t i = 0; i < bridges->n; i++) {
                const char *name = json_string_value(json_array_get(names, i));

                if (!name || !bridges_contain(bridges, name))
                        return false;
        }
        return true;
}

int compare_policy(Strings *fields, const Item *item, const json_t *there) {
        const Policy *policy = &item->policy;
        int r;

        r = note(fields, "Unikernels",
                 properties_number(there, "Unikernels") == policy->n_unikernels);
        if (r >= 0)
                r = note(fields, "Memory",
                         properties_number(there, "Memory") == policy->memory_bytes);
        if (r >= 0)
                r = note(fields, "CPUs", has_cpus(there, &policy->cpus));
        if (r >= 0)
                r = note(fields, "Block", properties_number(there, "Block") == policy->block_bytes);
        if (r >= 0)
                r = note(fields, "Bridges", has_bridges(there, &policy->bridges));
        return r;
}

int compare_block(Strings *fields, const Item *item, const json_t *there) {
        return note(fields, "Size", properties_number(there, "Size") == item->block_bytes);
}

static bool has_arguments(const json_t *there, const Strings *arguments) {
        const json_t *texts = json_object_get(there, "Arguments");
        size_t n = 0;

        for (const char *text = NULL; (text = strings_next(arguments, text)); n++) {
                const char *other = json_string_value(json_array_get(texts, n));

                if (!other || strcmp(text, other) != 0)
                        return false;
        }
        return json_array_size(texts) == n;
}

/* The entry for the device @guest in @list; its first member is that name. */
static const json_t *find_device(const json_t *list, const char *guest) {
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *device = json_array_get(list, i);
                const char *name = json_string_value(json_array_get(device, 0));

                if (name && strcmp(name, guest) == 0)
                        return device;
        }
        return NULL;
}

static bool member_is(const json_t *device, size_t i, const char *text) {
        const char *other = json_string_value(json_array_get(device, i));

        return other && strcmp(other, text) == 0;
}

static bool has_nets(const json_t *there, const Devices *devices) {
        const json_t *list = json_object_get(there, "Nets");

        if (json_array_size(list) != devices->n_nets)
                return false;
        for (size_t i = 0; i < devices->n_nets; i++) {
                const Net *net = &devices->nets[i];
                const json_t *other = find_device(list, net->guest);
                char mac[MAC_TEXT_SIZE];

                mac_format(&net->mac, mac);
                if (!other || !member_is(other, 1, net->bridge.text) ||
                    (mac_is_given(&net->mac) && !member_is(other, 2, mac)))
                        return false;
        }
        return true;
}

static bool has_blocks(const json_t *there, const Devices *devices) {
        const json_t *list = json_object_get(there, "Blocks");

        if (json_array_size(list) != devices->n_blocks)
                return false;
        for (size_t i = 0; i < devices->n_blocks; i++) {
                const Block *block = &devices->blocks[i];
                const json_t *other = find_device(list, block->guest);
                json_int_t sector = json_integer_value(json_array_get(other, 2));

                /* A sector size that is not given is told as it is, which is 512, or as 0. */
                if (!other || (block->device[0] && !member_is(other, 1, block->device)) ||
                    (sector ? sector : 512) != (block->sector_size ? block->sector_size : 512))
                        return false;
        }
        return true;
}

int compare_unikernel(Strings *fields, const Item *item, const json_t *there, const char *digest) {
        const Config *config = &item->config;
        char restart[RESTART_TEXT_MAX + 1];
        int r;

        restart_format(&config->restart, restart);
        r = note(fields, "ImageDigest",
                 strcmp(properties_string(there, "ImageDigest"), digest) == 0);
        if (r >= 0)
                r = note(fields, "Memory",
                         properties_number(there, "Memory") == config->memory_bytes);
        if (r >= 0)
                r = note(fields, "CPUs", has_cpus(there, &config->cpus));
        /* It is forgotten for guests that do not understand it. */
        if (r >= 0)
                r = note(fields, "AddName",
                         config->add_name || !json_is_true(json_object_get(there, "AddName")));
        if (r >= 0)
                r = note(fields, "RestartPolicy",
                         strcmp(properties_string(there, "RestartPolicy"), restart) == 0);
        if (r >= 0)
                r = note(fields, "Startup", properties_number(there, "Startup") == config->startup);
        if (r >= 0)
                r = note(fields, "Arguments", has_arguments(there, &config->arguments));
        if (r >= 0)
                r = note(fields, "Nets", has_nets(there, &config->devices));
        if (r >= 0)
                r = note(fields, "Blocks", has_blocks(there, &config->devices));
        return r;
}
