/* SPDX-License-Identifier: ISC */

/* What the machine has at this moment, as the policy of the root. */

#include <sys/statvfs.h>
#include <unistd.h>

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
