/* SPDX-License-Identifier: ISC */

/*
 * albatrossd: owns org.albatross on the system bus, serves the same on a private socket for root,
 * and leaves everything else to the manager.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "bus/bus-service.h"
#include "manager/manager.h"

#define BUS_NAME "org.albatross"

typedef struct Daemon {
        sd_event *event;
        sd_bus *bus;
        Manager *manager;
        BusService *service;
        sd_event_source *listener;
        int listen_fd;
} Daemon;

static void daemon_clear(Daemon *daemon) {
        sd_event_source_disable_unref(daemon->listener);
        bus_service_free(daemon->service);
        manager_free(daemon->manager);
        sd_bus_flush_close_unref(daemon->bus);
        sd_event_unref(daemon->event);
        fd_close(daemon->listen_fd);
}

/* --- the private socket --- */

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

static int listen_private(Daemon *daemon) {
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

/* --- life --- */

static int on_name(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Daemon *daemon = userdata;
        int r = sd_bus_message_get_errno(message);

        if (r == 0)
                return 0;
        sd_journal_print(LOG_ERR, "The name " BUS_NAME " can't be had: %s", strerror(r));
        return sd_event_exit(daemon->event, EXIT_FAILURE);
}

/* All that runs is known: from here on requests are served. What came before waits in sockets. */
static void on_ready(void *userdata, int result, const Fault *fault) {
        Daemon *daemon = userdata;
        int r;

        r = bus_service_attach(daemon->service, daemon->bus);
        if (r >= 0)
                r = sd_bus_request_name_async(daemon->bus, NULL, BUS_NAME, 0, on_name, daemon);
        if (r >= 0)
                r = listen_private(daemon);
        if (r < 0) {
                sd_journal_print(LOG_ERR, "albatrossd can't serve: %s", strerror(-r));
                sd_event_exit(daemon->event, EXIT_FAILURE);
                return;
        }
        sd_notify(false, "READY=1\nSTATUS=Serving");
}

static int daemon_start(Daemon *daemon) {
        sigset_t blocked;
        int r;

        /* Before anything can start a child. */
        sigemptyset(&blocked);
        sigaddset(&blocked, SIGTERM);
        sigaddset(&blocked, SIGINT);
        sigaddset(&blocked, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &blocked, NULL) < 0)
                return -errno;

        r = sd_event_new(&daemon->event);
        if (r < 0)
                return r;
        r = sd_event_set_watchdog(daemon->event, true);
        if (r < 0)
                return r;
        r = sd_event_add_signal(daemon->event, NULL, SIGTERM, NULL, NULL);
        if (r < 0)
                return r;
        r = sd_event_add_signal(daemon->event, NULL, SIGINT, NULL, NULL);
        if (r < 0)
                return r;
        r = sd_bus_open_system(&daemon->bus);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(daemon->bus, daemon->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        r = manager_new(&daemon->manager, daemon->event, daemon->bus, on_ready, daemon);
        if (r < 0)
                return r;
        return bus_service_new(&daemon->service, daemon->manager);
}

int main(int argc, char *argv[]) {
        _cleanup_(daemon_clear) Daemon daemon = {.listen_fd = -1};
        int r;

        if (argc > 1) {
                bool version = argc == 2 && strcmp(argv[1], "--version") == 0;

                printf(version ? "albatrossd " ALBATROSS_VERSION "\n"
                               : "albatrossd takes no arguments; systemd starts it. "
                                 "See albatrossd.service and albatrossctl(1).\n");
                return version ? EXIT_SUCCESS : EXIT_FAILURE;
        }

        r = daemon_start(&daemon);
        if (r < 0) {
                sd_journal_print(LOG_ERR, "albatrossd can't start: %s", strerror(-r));
                return EXIT_FAILURE;
        }
        r = sd_event_loop(daemon.event);
        sd_notify(false, "STOPPING=1");
        if (r < 0)
                sd_journal_print(LOG_ERR, "The event loop failed: %s", strerror(-r));
        return r < 0 ? EXIT_FAILURE : r;
}
