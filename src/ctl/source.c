/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/source.h"

int source_open(const char *path, const char *what, Fault *fault) {
        _cleanup_(fd_closep) int fd = -1;
        struct stat status;

        if (strcmp(path, "-") == 0) {
                if (isatty(STDIN_FILENO))
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "The %s is to come from stdin, which is a terminal", what);
                fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        } else {
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        }
        if (fd < 0 || fstat(fd, &status) < 0)
                return fault_set(fault, FAULT_FAILED, "The %s \"%.300s\" can't be opened: %s", what,
                                 path, strerror(errno));
        if (S_ISDIR(status.st_mode))
                return fault_set(fault, FAULT_FAILED,
                                 "\"%.300s\" is a folder, a file with the %s is needed", path,
                                 what);
        return TAKE_FD(fd);
}
