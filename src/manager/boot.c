/* SPDX-License-Identifier: ISC */

/* Starts what is wanted when the host has started, a few at a time. */

#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"

/* More at once would only wait for PID 1 together, and others for them. */
#define STARTS_AT_ONCE 8

static void start_next(Manager *manager);

void boot_add(Manager *manager, Unikernel *unikernel) {
        Name *larger;

        larger = reallocarray(manager->boot, manager->n_boot + 1, sizeof(*larger));
        if (!larger) {
                sd_journal_print(LOG_ERR, "No memory to start %s", unikernel->name.text);
                return;
        }
        manager->boot = larger;
        manager->boot[manager->n_boot++] = unikernel->name;
        /* One that comes late finds nobody under way who would start it. */
        if (manager->booting)
                start_next(manager);
}

static void on_started(void *userdata, int r, const Fault *fault) {
        if (r < 0)
                sd_journal_print(LOG_ERR, "A unikernel that is wanted could not be started: %s",
                                 fault->message);
        start_next(userdata);
}

static void start_next(Manager *manager) {
        /* By name: one that was destroyed meanwhile is simply not there. */
        if (manager->next_boot < manager->n_boot)
                manager_start(manager, &manager->boot[manager->next_boot++], on_started, manager);
}

void boot_begin(Manager *manager) {
        manager->booting = true;
        for (unsigned i = 0; i < STARTS_AT_ONCE; i++)
                start_next(manager);
}
