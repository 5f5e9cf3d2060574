/* SPDX-License-Identifier: ISC */

/*
 * Starts what is wanted when the host has started: in the order of startup priority, those of one
 * priority at the same time, but a few only. One that can't be started waits for another try by
 * itself, see life.c, and holds up nobody here.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/chronicle.h"
#include "manager/manager-internal.h"

static void start_more(Manager *manager);

static int compare(const void *a, const void *b) {
        const BootEntry *one = a, *other = b;

        if (one->startup != other->startup)
                return one->startup < other->startup ? -1 : 1;
        return strcmp(one->name.text, other->name.text);
}

void boot_add(Manager *manager, Unikernel *unikernel) {
        BootEntry entry = {.name = unikernel->name, .startup = unikernel->config.startup};
        BootEntry *larger;
        size_t place;

        if (unikernel->is_queued)
                return;
        larger = reallocarray(manager->boot, manager->n_boot + 1, sizeof(*larger));
        if (!larger) {
                unikernel_log(unikernel, LOG_ERR, "No memory to start %s", unikernel->name.text);
                return;
        }
        manager->boot = larger;
        place = manager->n_boot++;
        /* All those of the beginning are put in order at once. */
        if (manager->booting)
                while (place > manager->next_boot && larger[place - 1].startup > entry.startup) {
                        larger[place] = larger[place - 1];
                        place--;
                }
        larger[place] = entry;
        unikernel->is_queued = true;
        /* One that comes late may find nobody under way who would start it. */
        start_more(manager);
}

static void on_started(void *userdata, int r, const Fault *fault) {
        Manager *manager = userdata;

        manager->n_booting--;
        start_more(manager);
}

static void start_one(Manager *manager, const BootEntry *entry) {
        Unikernel *unikernel = manager_find(manager, entry->name.text);

        /* It was destroyed meanwhile, or somebody else has started it. */
        if (!unikernel || !unikernel->is_queued)
                return;
        unikernel->is_queued = false;
        /* Or it was stopped. */
        if (!unikernel->wanted || unikernel->stays_until_boot)
                return;
        manager->boot_startup = entry->startup;
        manager->n_booting++;
        unikernel_start(unikernel, on_started, manager);
}

static void start_more(Manager *manager) {
        /* One that fails at once is answered from within: the loop below goes on then, so that
         * thousands of them don't nest. */
        if (!manager->booting || manager->boot_is_busy)
                return;
        manager->boot_is_busy = true;
        while (manager->n_booting < UNIKERNELS_AT_ONCE && manager->next_boot < manager->n_boot) {
                const BootEntry entry = manager->boot[manager->next_boot];

                if (manager->n_booting > 0 && entry.startup != manager->boot_startup)
                        break;
                manager->next_boot++;
                start_one(manager, &entry);
        }
        if (manager->next_boot == manager->n_boot)
                manager->next_boot = manager->n_boot = 0;
        manager->boot_is_busy = false;
}

static void on_restarted(void *userdata, int r, const Fault *fault) {
        Manager *manager = userdata;

        manager->n_restarting--;
}

/* Those that end each for itself wait for no others, whatever their priority is. */
void boot_restart(Manager *manager, Unikernel *unikernel) {
        if (!manager->booting || manager->n_restarting >= UNIKERNELS_AT_ONCE) {
                boot_add(manager, unikernel);
                return;
        }
        /* Its turn is now. */
        unikernel->is_queued = false;
        manager->n_restarting++;
        unikernel_start(unikernel, on_restarted, manager);
}

void boot_begin(Manager *manager) {
        manager->booting = true;
        if (manager->n_boot > 0)
                qsort(manager->boot, manager->n_boot, sizeof(*manager->boot), compare);
        start_more(manager);
}
