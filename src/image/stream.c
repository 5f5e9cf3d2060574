/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "image/stream.h"

int stream_wait(int fd, short events, int sink_fd, int timeout_msec) {
        /* POLLERR needs no asking; on the writing end of a pipe it says that all readers are
         * gone. poll() skips a negative descriptor. */
        struct pollfd fds[] = {{.fd = fd, .events = events}, {.fd = sink_fd}};

        for (;;) {
                int n = poll(fds, 2, timeout_msec);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -ETIMEDOUT;
                if (fds[1].revents & (POLLERR | POLLHUP))
                        return -EPIPE;
                /* An error on @fd itself counts as ready: the call that follows says which. */
                return 0;
        }
}

int stream_write(int fd, const void *data, size_t size, int timeout_msec) {
        const char *rest = data;
        int r;

        while (size > 0) {
                ssize_t n = write(fd, rest, size);

                if (n >= 0) {
                        rest += n;
                        size -= (size_t) n;
                        continue;
                }
                if (errno == EAGAIN) {
                        r = stream_wait(fd, POLLOUT, -1, timeout_msec);
                        if (r < 0)
                                return r;
                } else if (errno != EINTR)
                        return -errno;
        }
        return 0;
}

void stream_widen(int pipe_fd) {
        if (fcntl(pipe_fd, F_GETPIPE_SZ) < (int) STREAM_CHUNK)
                (void) fcntl(pipe_fd, F_SETPIPE_SZ, (int) STREAM_CHUNK);
}
