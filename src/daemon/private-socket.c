/* SPDX-License-Identifier: ISC */

/* Root's own way in, with no message bus between: the same objects on each connection. */

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "base/cleanup.h"
#include "base/listener.h"
#include "daemon/daemon.h"
#include "systemd/log.h"

static int serve_private(Daemon *daemon, int fd) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        sd_id128_t id;
        int r;

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

static int on_pause_over(sd_event_source *source, uint64_t usec, void *userdata) {
        Daemon *daemon = userdata;

        return sd_event_source_set_enabled(daemon->listener, SD_EVENT_ON);
}

static int pause_listening(Daemon *daemon) {
        int r;

        r = sd_event_source_set_time_relative(daemon->pause, LISTENER_PAUSE_MSEC * 1000ULL);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(daemon->pause, SD_EVENT_ONESHOT);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(daemon->listener, SD_EVENT_OFF);
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Daemon *daemon = userdata;
        int connection;
        int r;

        connection = listener_accept(fd);
        if (connection == -EAGAIN)
                return 0;
        if (connection < 0 && connection != -EPERM) {
                if (!daemon->paused)
                        log_print(LOG_WARNING, "Private connections have to wait: %s",
                                  strerror(-connection));
                daemon->paused = true;
                return pause_listening(daemon);
        }
        daemon->paused = false;
        r = connection < 0 ? connection : serve_private(daemon, connection);
        if (r < 0)
                log_print(LOG_WARNING, "A private connection was refused: %s", strerror(-r));
        return 0;
}

int private_socket_serve(Daemon *daemon) {
        int n, r;

        n = sd_listen_fds(true);
        if (n < 0)
                return n;
        if (n == 0)
                return 0;
        daemon->listen_fd = SD_LISTEN_FDS_START;
        /* Now, since its first one takes a descriptor. */
        r = sd_event_add_time(daemon->event, &daemon->pause, CLOCK_MONOTONIC, 0, 0, on_pause_over,
                              daemon);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(daemon->pause, SD_EVENT_OFF);
        if (r < 0)
                return r;
        return sd_event_add_io(daemon->event, &daemon->listener, daemon->listen_fd, EPOLLIN,
                               on_connection, daemon);
}
