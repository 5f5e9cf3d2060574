/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "launcher/journal-stream.h"
#include "launcher/wire.h"

/* A guest that prints much shall rarely have to wait for journald. The kernel cuts this down to
 * net.core.wmem_max, and charges what is used of it to the guest's own cgroup. */
#define SEND_BUFFER_SIZE (8 * 1024 * 1024)

static int stream_connect(int fd) {
        static const struct sockaddr_un address = {
                .sun_family = AF_UNIX,
                .sun_path = "/run/systemd/journal/stdout",
        };
        static const struct timeval patience = {.tv_sec = 2};
        static const int size = SEND_BUFFER_SIZE;

        /* The patience holds for connect() too: a journald that hangs must not keep a guest from
         * starting. */
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return errno == EAGAIN ? -ETIMEDOUT : -errno;
        if (shutdown(fd, SHUT_RD) < 0)
                return -errno;
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        return 0;
}

static int stream_introduce(int fd, const char *identifier, const char *unit) {
        char header[LAUNCHER_NAME_MAX + LAUNCHER_SCOPE_MAX + 32];
        static const struct timeval forever = {};
        int size;

        /* Identifier, unit, priority; then: no level prefixes (a guest's "<0>" would be shown on
         * every terminal), forwarded neither to syslog nor to kmsg nor to the console. The empty
         * line after that is no message, but makes journald look up the invocation of the unit
         * now: it can't any more when the guest has ended before its first line is read. */
        size = snprintf(header, sizeof(header), "%s\n%s\n%d\n0\n0\n0\n0\n\n", identifier, unit,
                        LOG_INFO);
        if (size < 0 || (size_t) size >= sizeof(header))
                return -ENAMETOOLONG;
        if (send(fd, header, (size_t) size, MSG_NOSIGNAL) != size)
                return errno == EAGAIN ? -ETIMEDOUT : -EPIPE;
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &forever, sizeof(forever)) < 0)
                return -errno;
        return 0;
}

int journal_stream_open(const char *identifier, const char *unit, int *ret_fd) {
        _cleanup_(fd_closep) int fd = -1;
        int r;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        r = stream_connect(fd);
        if (r < 0)
                return r;
        r = stream_introduce(fd, identifier, unit);
        if (r < 0)
                return r;
        *ret_fd = TAKE_FD(fd);
        return 0;
}
