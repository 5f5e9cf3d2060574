/* SPDX-License-Identifier: ISC */

/*
 * The system bus goes away and comes back, and nothing of ours depends on it: what runs goes on,
 * root's private socket is served, PID 1 is spoken to over its own socket meanwhile. A bus object
 * can't be used again; each connection has a new one.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "daemon/daemon.h"
#include "systemd/log.h"

#define SYSTEM_BUS_ADDRESS "unix:path=/run/dbus/system_bus_socket"
#define DIRECT_ADDRESS     "unix:path=/run/systemd/private"

/* A bus that refuses us, or ends at once, is not to be asked in a loop. */
#define RECONNECT_USEC (500ULL * 1000ULL)

static int connect_later(Daemon *daemon);

/* One of the two: what to connect to, and who is told of it. */
typedef struct Connection {
        const char *address;
        bool has_broker;                 /* a message bus, which need not be there yet */
        sd_bus_message_handler_t opened; /* NULL: nobody asks */
        sd_bus_message_handler_t closed;
} Connection;

static int match_local(sd_bus *bus,
                       const char *member,
                       sd_bus_message_handler_t handler,
                       Daemon *daemon) {
        if (!handler)
                return 0;
        return sd_bus_match_signal_async(bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                         "org.freedesktop.DBus.Local", member, handler, NULL,
                                         daemon);
}

static int connection_open(sd_bus **ret, Daemon *daemon, const Connection *connection) {
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_address(bus, connection->address);
        if (r < 0)
                return r;
        r = sd_bus_set_bus_client(bus, connection->has_broker);
        if (r < 0)
                return r;
        /* Waits, without a timer, until somebody listens there. */
        r = sd_bus_set_watch_bind(bus, connection->has_broker);
        if (r < 0)
                return r;
        r = sd_bus_set_connected_signal(bus, connection->opened != NULL);
        if (r < 0)
                return r;
        r = match_local(bus, "Connected", connection->opened, daemon);
        if (r < 0)
                return r;
        r = match_local(bus, "Disconnected", connection->closed, daemon);
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(bus, daemon->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

/* The system bus is back; or PID 1 was executed anew, and can't be told anything until it is. */
static int on_direct_closed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        sd_bus *bus = sd_bus_message_get_bus(message);
        Daemon *daemon = userdata;
        bool lost = daemon->direct_bus == bus;

        if (lost) {
                log_print(LOG_WARNING, "PID 1 has closed its connection");
                daemon->direct_bus = NULL;
        }
        sd_bus_close_unref(bus);
        return lost ? connect_later(daemon) : 0;
}

static int open_direct(Daemon *daemon) {
        return connection_open(&daemon->direct_bus, daemon,
                               &(const Connection){
                                       .address = DIRECT_ADDRESS,
                                       .closed = on_direct_closed,
                               });
}

/* The manager speaks to PID 1 there until the system bus is back. */
static int use_direct(Daemon *daemon) {
        int r;

        r = open_direct(daemon);
        if (r < 0)
                return r;
        return manager_set_bus(daemon->manager, daemon->direct_bus);
}

static int on_name(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Daemon *daemon = userdata;
        int r = sd_bus_message_get_errno(message);

        /* When the connection was lost meanwhile, the next one asks again. */
        if (r == 0 || r == ECONNRESET || r == ETIMEDOUT)
                return 0;
        log_print(LOG_ERR, "The name " BUS_NAME " can't be had: %s", strerror(r));
        return sd_event_exit(daemon->event, EXIT_FAILURE);
}

int system_bus_serve(Daemon *daemon) {
        int r;

        daemon->serving = true;
        if (!daemon->connected)
                return 0;
        r = bus_service_attach(daemon->service, daemon->system_bus);
        if (r < 0)
                return r;
        return sd_bus_request_name_async(daemon->system_bus, NULL, BUS_NAME, 0, on_name, daemon);
}

static int on_connected(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Daemon *daemon = userdata;
        int r;

        daemon->connected = true;
        log_print(LOG_INFO, "The system bus is there");
        r = manager_set_bus(daemon->manager, daemon->system_bus);
        if (r >= 0 && daemon->serving)
                r = system_bus_serve(daemon);
        if (r < 0)
                log_print(LOG_ERR, "The system bus can't be used: %s", strerror(-r));
        /* Not closed by ourselves: sd-bus answers what waits for an answer there only when it is
         * the connection that ends. The reference goes to on_direct_closed(). */
        if (daemon->direct_bus) {
                (void) sd_bus_flush(daemon->direct_bus);
                (void) shutdown(sd_bus_get_fd(daemon->direct_bus), SHUT_RDWR);
                daemon->direct_bus = NULL;
        }
        return 0;
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Daemon *daemon = userdata;
        int r;

        if (daemon->connected) {
                log_print(LOG_NOTICE,
                          "The system bus is gone; root is served on " ALBATROSS_RUNTIMEDIR
                          "/bus until it is back");
                daemon->connected = false;
                r = use_direct(daemon);
                if (r < 0)
                        log_print(LOG_ERR, "PID 1 can't be reached: %s", strerror(-r));
        }
        daemon->system_bus = sd_bus_close_unref(daemon->system_bus);
        return connect_later(daemon);
}

static int wait_for_bus(Daemon *daemon) {
        return connection_open(&daemon->system_bus, daemon,
                               &(const Connection){
                                       .address = SYSTEM_BUS_ADDRESS,
                                       .has_broker = true,
                                       .opened = on_connected,
                                       .closed = on_disconnected,
                               });
}

static int on_reconnect(sd_event_source *source, uint64_t usec, void *userdata) {
        Daemon *daemon = userdata;
        int r = 0;

        daemon->reconnect = sd_event_source_disable_unref(daemon->reconnect);
        if (!daemon->system_bus)
                r = wait_for_bus(daemon);
        if (!daemon->connected && !daemon->direct_bus && use_direct(daemon) < 0)
                r = -ENOTCONN;
        return r < 0 ? connect_later(daemon) : 0;
}

static int connect_later(Daemon *daemon) {
        if (daemon->reconnect)
                return 0;
        return sd_event_add_time_relative(daemon->event, &daemon->reconnect, CLOCK_MONOTONIC,
                                          RECONNECT_USEC, 0, on_reconnect, daemon);
}

int system_bus_open(Daemon *daemon, sd_bus **ret_manager_bus) {
        int r;

        r = sd_bus_open_system(&daemon->system_bus);
        if (r < 0) {
                r = open_direct(daemon);
                if (r < 0)
                        return r;
                *ret_manager_bus = daemon->direct_bus;
                return wait_for_bus(daemon);
        }

        r = match_local(daemon->system_bus, "Disconnected", on_disconnected, daemon);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(daemon->system_bus, daemon->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        daemon->connected = true;
        *ret_manager_bus = daemon->system_bus;
        return 0;
}
