/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/listener.h"
#include "base/number.h"

#define LISTEN_FDS_START 3

int listener_inherited(void) {
        const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
        uint64_t value;

        if (!pid || number_parse(pid, INT_MAX, &value) < 0 || (pid_t) value != getpid())
                return -ENOTCONN;
        if (!n || strcmp(n, "1") != 0)
                return -ENOTCONN;
        if (fcntl(LISTEN_FDS_START, F_SETFD, FD_CLOEXEC) < 0 ||
            fcntl(LISTEN_FDS_START, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        return LISTEN_FDS_START;
}

int listener_accept(int listener_fd) {
        _cleanup_(fd_closep) int fd = -1;
        struct ucred peer;
        socklen_t size = sizeof(peer);

        fd = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
                return errno == EINTR || errno == ECONNABORTED ? -EAGAIN : -errno;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return -errno;
        return peer.uid == 0 ? TAKE_FD(fd) : -EPERM;
}
