/* SPDX-License-Identifier: ISC */

#include "base/cleanup.h"
#include "bus/append.h"

int bus_append_cpus(sd_bus_message *message, const Cpus *cpus) {
        uint32_t ids[CPUS_MAX];
        size_t n = cpus_to_ids(cpus, ids);

        return sd_bus_message_append_array(message, 'u', ids, n * sizeof(*ids));
}

/* Opens the entry @key with a value of @type. */
static int open_entry(sd_bus_message *reply, const char *key, const char *type) {
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "s", key);
        if (r < 0)
                return r;
        return sd_bus_message_open_container(reply, 'v', type);
}

static int close_levels(sd_bus_message *reply, unsigned n_levels) {
        int r = 0;

        while (r >= 0 && n_levels-- > 0)
                r = sd_bus_message_close_container(reply);
        return r;
}

int bus_append_entry_cpus(sd_bus_message *reply, const Cpus *cpus) {
        int r;

        r = open_entry(reply, "CPUs", "au");
        if (r < 0)
                return r;
        r = bus_append_cpus(reply, cpus);
        if (r < 0)
                return r;
        return close_levels(reply, 2);
}

int bus_open_list(sd_bus_message *reply, const char *key, const char *array) {
        int r;

        r = open_entry(reply, key, array);
        if (r < 0)
                return r;
        return sd_bus_message_open_container(reply, 'a', array + 1);
}

int bus_close_list(sd_bus_message *reply) {
        return close_levels(reply, 3);
}
