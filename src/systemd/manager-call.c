/* SPDX-License-Identifier: ISC */

#include "systemd/manager-call.h"

int manager_append_cpus(sd_bus_message *message, const uint8_t *cpus, size_t size) {
        int r;

        r = sd_bus_message_open_container(message, 'r', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "s", "AllowedCPUs");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(message, 'v', "ay");
        if (r < 0)
                return r;
        r = sd_bus_message_append_array(message, 'y', cpus, size);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(message);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(message);
}
