/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/directory.h"

int directory_open(DIR **ret, int parent_fd, const char *path) {
        _cleanup_(fd_closep) int fd = -1;
        DIR *directory;

        fd = openat(parent_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        directory = fdopendir(fd);
        if (!directory)
                return -errno;
        TAKE_FD(fd);
        *ret = directory;
        return 0;
}

struct dirent *directory_next(DIR *directory) {
        struct dirent *entry;

        do {
                errno = 0;
                entry = readdir(directory);
        } while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
        return entry;
}
