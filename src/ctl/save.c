/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ctl/save.h"

static int refuse_existing(const char *path, Fault *fault) {
        int r;

        r = fault_set(fault, FAULT_ALREADY_EXISTS, "The file \"%.300s\" exists already", path);
        fault_hint(fault, "Name another one, or replace it with --force.");
        return r;
}

/* A rename would put a file where a folder or a device was; neither is ever meant. */
static int check_existing(const char *path, const struct stat *status, bool replace, Fault *fault) {
        int r;

        if (S_ISREG(status->st_mode) || S_ISLNK(status->st_mode))
                return replace ? 0 : refuse_existing(path, fault);
        if (S_ISDIR(status->st_mode))
                return fault_set(fault, FAULT_FAILED,
                                 "\"%.300s\" is a folder, the name of a file is needed", path);
        r = fault_set(fault, FAULT_FAILED, "\"%.300s\" is no file that could be replaced", path);
        fault_hint(fault, "Write \"-\" to standard output, and lead that there.");
        return r;
}

int save_open(Save *ret, const char *path, bool replace, Fault *fault) {
        _cleanup_(save_done) Save save = SAVE_NONE;
        const char *slash = strrchr(path, '/');
        struct stat status;
        mode_t mask;
        int n, r;

        if (lstat(path, &status) >= 0) {
                r = check_existing(path, &status, replace, fault);
                if (r < 0)
                        return r;
        }

        save.replace = replace;
        save.path = strdup(path);
        n = asprintf(&save.temporary, "%.*s.albatross-XXXXXX", slash ? (int) (slash - path) + 1 : 0,
                     path);
        if (!save.path || n < 0) {
                save.temporary = NULL;
                return -ENOMEM;
        }
        save.fd = mkostemp(save.temporary, O_CLOEXEC);
        if (save.fd < 0) {
                free(save.temporary);
                save.temporary = NULL;
                return fault_set(fault, FAULT_FAILED, "\"%.300s\" can't be written: %s", path,
                                 strerror(errno));
        }

        /* As open() would have made it. */
        mask = umask(0);
        umask(mask);
        if (fchmod(save.fd, 0666 & ~mask) < 0)
                return -errno;

        *ret = save;
        save = SAVE_NONE;
        return 0;
}

int save_copy(int from_fd, int to_fd, uint64_t *ret_size, Fault *fault) {
        char buffer[65536];
        uint64_t size = 0;
        int r;

        for (;;) {
                ssize_t n = read(from_fd, buffer, sizeof(buffer));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return fault_set(fault, FAULT_FAILED, "The image breaks off: %s",
                                         strerror(errno));
                if (n == 0)
                        break;
                r = file_write_all(to_fd, buffer, (size_t) n);
                if (r < 0)
                        return fault_set(fault, r == -ENOSPC ? FAULT_NO_SPACE : FAULT_FAILED,
                                         "The image can't be written: %s", strerror(-r));
                size += (uint64_t) n;
        }

        *ret_size = size;
        return 0;
}

/* Where the file system has no rename that spares what is there, a link does it in two steps. */
static int move_beside(const char *from, const char *to) {
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) >= 0)
                return 0;
        if (errno != EINVAL && errno != ENOSYS)
                return -errno;
        if (link(from, to) < 0)
                return -errno;
        unlink(from);
        return 0;
}

int save_finish(Save *save, Fault *fault) {
        int r;

        if (save->replace)
                r = rename(save->temporary, save->path) < 0 ? -errno : 0;
        else
                r = move_beside(save->temporary, save->path);
        if (r == -EEXIST)
                return refuse_existing(save->path, fault);
        if (r < 0)
                return fault_set(fault, FAULT_FAILED, "\"%.300s\" can't be written: %s", save->path,
                                 strerror(-r));

        free(save->temporary);
        save->temporary = NULL;
        return 0;
}

void save_done(Save *save) {
        if (save->temporary)
                unlink(save->temporary);
        free(save->temporary);
        free(save->path);
        fd_close(save->fd);
        *save = SAVE_NONE;
}
