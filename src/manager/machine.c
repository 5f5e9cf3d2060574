/* SPDX-License-Identifier: ISC */

/* What the machine has at this moment, as the policy of the root. */

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "base/utf8.h"
#include "manager/manager-internal.h"

static Cpus machine_cpus(void) {
        long n_cpus = sysconf(_SC_NPROCESSORS_CONF);
        Cpus cpus = {};

        for (long cpu = 0; cpu < n_cpus && cpu < (long) CPUS_MAX; cpu++)
                cpus_add(&cpus, (unsigned) cpu);
        return cpus;
}

/* Whole MiB, as all that is compared with it. */
static uint64_t machine_block_bytes(const Manager *manager) {
        struct statvfs status;
        uint64_t free_bytes = 0;

        if (fstatvfs(manager->block_fd, &status) == 0)
                free_bytes = (uint64_t) status.f_bavail * status.f_frsize;
        return (free_bytes + manager->blocks_allocated_bytes) >> 20 << 20;
}

void manager_machine_policy(const Manager *manager, Policy *ret) {
        *ret = (Policy){
                .n_unikernels = manager->settings.uid_max - manager->settings.uid_min + 1,
                .allows_block = true,
                .memory_bytes =
                        (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE),
                .block_bytes = machine_block_bytes(manager),
                .cpus = machine_cpus(),
                .bridges = manager->bridges,
        };
}

int manager_visit_quarantine(const Manager *manager,
                             int (*visitor)(void *userdata, const char *file),
                             void *userdata) {
        _cleanup_(directory_closep) DIR *directory = NULL;
        const struct dirent *file;
        unsigned n = 0;
        int r;

        /* It is there once something had to go there. */
        r = directory_open(&directory, manager->state_fd, "quarantine");
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        while (r >= 0 && n < QUARANTINE_SHOWN_MAX && (file = directory_next(directory))) {
                char name[sizeof(file->d_name)];

                strcpy(name, file->d_name);
                utf8_mend(name);
                r = visitor(userdata, name);
                n++;
        }
        return r < 0 ? r : 0;
}
