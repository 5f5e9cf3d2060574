/* SPDX-License-Identifier: ISC */

/* Root's own way in, with no message bus between: the same objects on each connection. */

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "daemon/daemon.h"

static int serve_private(Daemon *daemon, int fd) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        struct ucred peer;
        socklen_t size = sizeof(peer);
        sd_id128_t id;
        int r;

        /* The socket's mode admits root only; this is the second lock on the same door. */
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                r = -errno;
        else
                r = peer.uid == 0 ? 0 : -EPERM;
        if (r >= 0)
                r = sd_bus_new(&bus);
        if (r < 0) {
                fd_close(fd);
                return r;
        }
        r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0) {
                fd_close(fd);
                return r;
        }
        r = sd_id128_randomize(&id);
        if (r < 0)
                return r;
        r = sd_bus_set_server(bus, true, id);
        if (r < 0)
                return r;
        r = sd_bus_negotiate_fds(bus, true);
        if (r < 0)
                return r;
        r = sd_bus_negotiate_creds(bus, true, SD_BUS_CREDS_EUID);
        if (r < 0)
                return r;
        r = sd_bus_set_sender(bus, BUS_NAME);
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(bus, daemon->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        r = bus_service_attach(daemon->service, bus);
        if (r < 0)
                return r;
        /* The service has its own reference, until the peer hangs up. */
        bus = sd_bus_unref(bus);
        return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        int connection;
        int r;

        connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (connection < 0)
                return 0;
        r = serve_private(userdata, connection);
        if (r < 0)
                sd_journal_print(LOG_WARNING, "A private connection was refused: %s", strerror(-r));
        return 0;
}

int private_socket_serve(Daemon *daemon) {
        int n;

        n = sd_listen_fds(true);
        if (n < 0)
                return n;
        if (n == 0)
                return 0;
        daemon->listen_fd = SD_LISTEN_FDS_START;
        return sd_event_add_io(daemon->event, &daemon->listener, daemon->listen_fd, EPOLLIN,
                               on_connection, daemon);
}
