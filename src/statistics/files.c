/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "statistics/files.h"

int file_text(int dir_fd, const char *name, char *ret, size_t size) {
        _cleanup_(fd_closep) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        size_t used = 0;

        if (fd < 0)
                return -errno;
        /* What is short is whole: such a file gives what it has at once, or a page of it. */
        for (;;) {
                ssize_t n = read(fd, ret + used, size - used);

                if (n < 0)
                        return -errno;
                used += (size_t) n;
                if (used == size)
                        return -EFBIG;
                if (n == 0 || (size_t) n < 1024)
                        break;
        }
        ret[used] = '\0';
        return 0;
}
