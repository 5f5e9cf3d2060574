/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "launcher/notify.h"

int notify_send(const char *state) {
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(fd_closep) int fd = -1;
        socklen_t size;

        if (!path)
                return 0;
        if ((path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(address.sun_path))
                return -EINVAL;
        memcpy(address.sun_path, path, strlen(path));
        size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(path));

        /* An abstract address is written with an @, and has no terminator. */
        if (path[0] == '@')
                address.sun_path[0] = '\0';
        else
                size++;

        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *) &address,
                   size) < 0)
                return -errno;
        return 0;
}
