/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "ctl/import/folder.h"

#define MIB (UINT64_C(1) << 20)

int folder_open(const Items *items, const Item *item, Fault *fault) {
        /* Whatever it is by now, that it is opened must not wait or do anything. */
        int fd = openat(items->block_dir_fd, item->original,
                        O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);

        if (fd < 0)
                return fault_set(fault, FAULT_FAILED, "Its file can't be opened: %s",
                                 strerror(errno));
        return fd;
}

static int check_file(const Items *items, Item *item, Fault *fault) {
        struct stat status;
        int r;

        r = name_parse(&item->name, item->original, fault);
        if (r < 0)
                return r;
        if (fstatat(items->block_dir_fd, item->original, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return fault_set(fault, FAULT_FAILED, "Its file can't be found: %s",
                                 strerror(errno));
        if (!S_ISREG(status.st_mode))
                return fault_set(fault, FAULT_INVALID_CONTENT, "It is not a regular file");
        if (status.st_size == 0 || (uint64_t) status.st_size % MIB != 0)
                return fault_set(fault, FAULT_INVALID_CONTENT,
                                 "It has %lld bytes, which is no multiple of 1 MiB",
                                 (long long) status.st_size);
        item->block_bytes = (uint64_t) status.st_size;
        return 0;
}

static int add_file(Items *items, const char *file) {
        Fault fault = {};
        Item *item;
        int r;

        r = items_add(items, ITEM_BLOCK, &item);
        if (r < 0)
                return r;
        item->original = strdup(file);
        if (!item->original)
                return -ENOMEM;
        r = check_file(items, item, &fault);
        return r < 0 ? item_fail(item, r, &fault) : 0;
}

int folder_read(Items *items, const char *path, Fault *fault) {
        _cleanup_(directory_closep) DIR *dir = opendir(path);
        const struct dirent *entry;
        int r;

        if (dir)
                items->block_dir_fd = fcntl(dirfd(dir), F_DUPFD_CLOEXEC, 3);
        if (!dir || items->block_dir_fd < 0)
                return fault_set(fault, FAULT_FAILED, "The folder \"%.300s\" can't be opened: %s",
                                 path, strerror(errno));

        while ((entry = directory_next(dir))) {
                r = add_file(items, entry->d_name);
                if (r == -E2BIG)
                        return fault_set(fault, FAULT_INVALID_CONTENT,
                                         "There are more than %u files and entries", ITEMS_MAX);
                if (r < 0)
                        return r;
        }
        if (errno != 0)
                return fault_set(fault, FAULT_FAILED, "The folder \"%.300s\" can't be read: %s",
                                 path, strerror(errno));
        return 0;
}
