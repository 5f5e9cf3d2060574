/* SPDX-License-Identifier: ISC */

/* Starts what is wanted when the host has started, a few at a time. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"

/* More at once would only wait for PID 1 together, and others for them. */
#define STARTS_AT_ONCE 8

static void start_more(Manager *manager);

void boot_add(Manager *manager, Unikernel *unikernel) {
        Name *larger;

        larger = reallocarray(manager->boot, manager->n_boot + 1, sizeof(*larger));
        if (!larger) {
                sd_journal_print(LOG_ERR, "No memory to start %s", unikernel->name.text);
                return;
        }
        manager->boot = larger;
        manager->boot[manager->n_boot++] = unikernel->name;
        /* One that comes late may find nobody under way who would start it. */
        start_more(manager);
}

static void on_started(void *userdata, int r, const Fault *fault) {
        Manager *manager = userdata;

        if (r < 0)
                sd_journal_print(LOG_ERR, "A unikernel that is wanted could not be started: %s",
                                 fault->code != FAULT_NONE ? fault->message : strerror(-r));
        manager->n_booting--;
        start_more(manager);
}

static void start_more(Manager *manager) {
        /* One that fails at once is answered from within: the loop below goes on then, so that
         * thousands of them don't nest. */
        if (!manager->booting || manager->boot_is_busy)
                return;
        manager->boot_is_busy = true;
        while (manager->n_booting < STARTS_AT_ONCE && manager->next_boot < manager->n_boot) {
                /* By name: one that was destroyed meanwhile is simply not there. */
                const Name name = manager->boot[manager->next_boot++];

                manager->n_booting++;
                manager_start(manager, &name, on_started, manager);
        }
        manager->boot_is_busy = false;
}

void boot_begin(Manager *manager) {
        manager->booting = true;
        start_more(manager);
}
