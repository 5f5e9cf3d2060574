/* SPDX-License-Identifier: ISC */

/* The bridges that the host has at this moment, as albatross-network tells. */

#include <time.h>

#include "manager/manager-internal.h"
#include "systemd/log.h"

/* The service is started by our connecting to it. Without it nothing with a network can be started,
 * but everything else is served. */
#define PATIENCE_USEC UINT64_C(5000000)

static void note_told(Manager *manager) {
        manager->bridges_timer = sd_event_source_disable_unref(manager->bridges_timer);
        if (manager->bridges_told)
                return;
        manager->bridges_told = true;
        manager_look_ready(manager);
}

static void on_bridges_changed(void *userdata) {
        Manager *manager = userdata;
        Bridges bridges;

        if (bridges_copy(&bridges, network_bridges(manager->network)) < 0) {
                log_print(LOG_ERR, "No memory to note which bridges there are");
                return;
        }
        bridges_clear(&manager->bridges);
        manager->bridges = bridges;
        note_told(manager);
        life_bridges_changed(manager);
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        log_print(LOG_ERR, "albatross-network does not tell which bridges there are; see: "
                           "systemctl status albatross-network");
        note_told(userdata);
        return 0;
}

int host_bridges_begin(Manager *manager) {
        const NetworkHandlers handlers = {
                .bridges_changed = on_bridges_changed,
                .userdata = manager,
                .patience_usec = manager->settings.start_usec,
        };
        int r;

        r = network_link_new(&manager->network, manager->event, &handlers);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(manager->event, &manager->bridges_timer, CLOCK_MONOTONIC,
                                          PATIENCE_USEC, 0, on_patience, manager);
}

int host_bridges_check(const Manager *manager, const Devices *devices, Fault *fault) {
        int r;

        for (size_t i = 0; i < devices->n_nets; i++) {
                const char *bridge = devices->nets[i].bridge.text;

                if (bridge[0] == '\0' || bridges_contain(&manager->bridges, bridge))
                        continue;
                r = fault_set(fault, FAULT_NO_SUCH_BRIDGE, "There is no bridge %s on this host",
                              bridge);
                fault_hint(fault, "See: ip link show type bridge");
                return r;
        }
        return 0;
}
