/* SPDX-License-Identifier: ISC */

/*
 * Tells the service manager that the loop turns. sd_event_set_watchdog() opens a socket each time,
 * and a daemon that has no descriptor left would be killed for it: this one is opened once.
 */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "base/cleanup.h"
#include "daemon/daemon.h"

static int on_watchdog(sd_event_source *source, uint64_t usec, void *userdata) {
        static const char alive[] = "WATCHDOG=1";
        Daemon *daemon = userdata;
        int r;

        (void) send(daemon->notify_fd, alive, strlen(alive), MSG_DONTWAIT | MSG_NOSIGNAL);
        r = sd_event_source_set_time_relative(source, daemon->watchdog_usec);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int open_notify_socket(void) {
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(fd_closep) int fd = -1;
        size_t length;

        if (!path || (path[0] != '/' && path[0] != '@'))
                return -ENOTCONN;
        length = strlen(path);
        if (length >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, length);
        /* An abstract address is written with an @. */
        if (path[0] == '@')
                address.sun_path[0] = '\0';
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) &address,
                    (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int watchdog_start(Daemon *daemon) {
        uint64_t usec;
        int r;

        r = sd_watchdog_enabled(true, &usec);
        if (r <= 0)
                return r;
        daemon->notify_fd = open_notify_socket();
        if (daemon->notify_fd < 0)
                return daemon->notify_fd;
        daemon->watchdog_usec = usec / 2;
        return sd_event_add_time_relative(daemon->event, &daemon->watchdog, CLOCK_MONOTONIC,
                                          daemon->watchdog_usec, daemon->watchdog_usec / 4,
                                          on_watchdog, daemon);
}
