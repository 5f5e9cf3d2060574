/* SPDX-License-Identifier: ISC */

/* What has to stay free on the disk, and what it did not take. */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
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

static const char *way_out(int error) {
        switch (error) {
        case -EROFS:
                return "Its file system is mounted read-only, as after an error of the disk, see: "
                       "journalctl -k; mount it read-write, then try again";
        case -EIO:
                return "The disk has failed, see: journalctl -k; it may be tried again at any time";
        case -ENOSPC:
        case -EDQUOT:
                return "Unikernels and block devices that are not needed any more can be removed: "
                       "albatrossctl destroy, albatrossctl block remove";
        default:
                return NULL;
        }
}

int disk_refuse(Fault *fault, int error, const char *format, ...) {
        char what[FAULT_MESSAGE_MAX / 2];
        const char *hint = way_out(error);
        va_list arguments;
        int r;

        va_start(arguments, format);
        (void) vsnprintf(what, sizeof(what), format, arguments);
        va_end(arguments);
        r = fault_set(fault, error == -ENOSPC ? FAULT_NO_SPACE : FAULT_FAILED, "%s: %s", what,
                      strerrordesc_np(-error));
        if (hint)
                fault_hint(fault, "%s", hint);
        return r;
}
