/* SPDX-License-Identifier: ISC */

/* What has to stay free on the disk. */

#include <errno.h>
#include <inttypes.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"

static uint64_t reserve_of(const Manager *manager, const struct statvfs *status) {
        uint64_t share = (uint64_t) status->f_blocks * status->f_frsize / 100 *
                         manager->settings.disk_reserve_percent;

        return MAX_OF(share, manager->settings.disk_reserve_bytes);
}

int reserve_get(const Manager *manager, int folder_fd, uint64_t *ret) {
        struct statvfs status;

        if (fstatvfs(folder_fd, &status) < 0)
                return -errno;
        *ret = reserve_of(manager, &status);
        return 0;
}

int reserve_check(const Manager *manager, int folder_fd, const char *path, Fault *fault) {
        struct statvfs status;
        uint64_t free_bytes, reserve_bytes;

        if (fstatvfs(folder_fd, &status) < 0)
                return -errno;
        free_bytes = (uint64_t) status.f_bavail * status.f_frsize;
        reserve_bytes = reserve_of(manager, &status);
        if (free_bytes >= reserve_bytes)
                return 0;
        return fault_set(fault, FAULT_NO_SPACE,
                         "%" PRIu64 " MiB are free in %s, %" PRIu64 " MiB are kept in reserve",
                         free_bytes >> 20, path, reserve_bytes >> 20);
}
