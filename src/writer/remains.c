/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "writer/remains.h"

/* What is smaller is gone sooner than a process is made for it. */
#define LARGE_BYTES (INT64_C(16) << 20)

void remains_hold(Remains *remains, int folder_fd, const char *name) {
        _cleanup_(fd_closep) int fd = -1;
        struct stat st;

        if (remains->n == REMAINS_MAX)
                return;
        /* It is not opened: a right to it is not needed, and no lease is broken. */
        fd = openat(folder_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return;
        if (S_ISREG(st.st_mode) && st.st_blocks >= LARGE_BYTES / 512)
                remains->fds[remains->n++] = TAKE_FD(fd);
}

static void close_all(Remains *remains) {
        while (remains->n > 0)
                fd_close(remains->fds[--remains->n]);
}

/* Whoever lets go last does the work, and that must not be the writer: it goes first. */
static void release_last(Remains *remains, int writer_gone) {
        char byte;

        while (read(writer_gone, &byte, sizeof(byte)) < 0 && errno == EINTR)
                ;
        close_all(remains);
}

void remains_release(Remains *remains, int socket_fd) {
        int pair[2];
        pid_t pid;

        if (remains->n == 0)
                return;
        if (pipe2(pair, O_CLOEXEC) < 0) {
                close_all(remains);
                return;
        }
        pid = fork();
        if (pid == 0) {
                /* The daemon knows by the end of this that its writer has ended. */
                close(socket_fd);
                close(pair[1]);
                release_last(remains, pair[0]);
                _exit(0);
        }
        /* Without a process, it takes the time that it takes. */
        close_all(remains);
        close(pair[0]);
        close(pair[1]);
}
