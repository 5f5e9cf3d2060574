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
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "daemon/daemon.h"

#define SYSTEM_BUS_ADDRESS "unix:path=/run/dbus/system_bus_socket"
#define DIRECT_ADDRESS     "unix:path=/run/systemd/private"

/* A bus that refuses us, or ends at once, is not to be asked in a loop. */
#define RECONNECT_USEC (500ULL * 1000ULL)

static int connect_later(Daemon *daemon);

/* The system bus is back; or PID 1 was executed anew, and can't be told anything until it is. */
static int on_direct_closed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        sd_bus *bus = sd_bus_message_get_bus(message);
        Daemon *daemon = userdata;

        if (daemon->direct_bus == bus) {
                sd_journal_print(LOG_WARNING, "PID 1 has closed its connection");
                daemon->direct_bus = NULL;
        }
        sd_bus_close_unref(bus);
        return 0;
}

static int open_direct(Daemon *daemon) {
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_address(bus, DIRECT_ADDRESS);
        if (r < 0)
                return r;
        r = sd_bus_match_signal_async(bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                      "org.freedesktop.DBus.Local", "Disconnected",
                                      on_direct_closed, NULL, daemon);
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(bus, daemon->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        daemon->direct_bus = TAKE_PTR(bus);
        return 0;
}

static int on_name(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Daemon *daemon = userdata;
        int r = sd_bus_message_get_errno(message);

        /* When the connection was lost meanwhile, the next one asks again. */
        if (r == 0 || r == ECONNRESET)
                return 0;
        sd_journal_print(LOG_ERR, "The name " BUS_NAME " can't be had: %s", strerror(r));
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
        sd_journal_print(LOG_INFO, "The system bus is there");
        r = manager_set_bus(daemon->manager, daemon->system_bus);
        if (r >= 0 && daemon->serving)
                r = system_bus_serve(daemon);
        if (r < 0)
                sd_journal_print(LOG_ERR, "The system bus can't be used: %s", strerror(-r));
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
                sd_journal_print(LOG_NOTICE,
                                 "The system bus is gone; root is served on " ALBATROSS_RUNTIMEDIR
                                 "/bus until it is back");
                daemon->connected = false;
                r = open_direct(daemon);
                if (r >= 0)
                        r = manager_set_bus(daemon->manager, daemon->direct_bus);
                if (r < 0)
                        sd_journal_print(LOG_ERR, "PID 1 can't be reached: %s", strerror(-r));
        }
        daemon->system_bus = sd_bus_close_unref(daemon->system_bus);
        return connect_later(daemon);
}

/* Waits, without a timer, until somebody listens there. */
static int wait_for_bus(Daemon *daemon) {
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_address(bus, SYSTEM_BUS_ADDRESS);
        if (r < 0)
                return r;
        r = sd_bus_set_bus_client(bus, true);
        if (r < 0)
                return r;
        r = sd_bus_set_watch_bind(bus, true);
        if (r < 0)
                return r;
        r = sd_bus_set_connected_signal(bus, true);
        if (r < 0)
                return r;
        r = sd_bus_match_signal_async(bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                      "org.freedesktop.DBus.Local", "Connected", on_connected, NULL,
                                      daemon);
        if (r < 0)
                return r;
        r = sd_bus_match_signal_async(bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                      "org.freedesktop.DBus.Local", "Disconnected", on_disconnected,
                                      NULL, daemon);
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(bus, daemon->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        daemon->system_bus = TAKE_PTR(bus);
        return 0;
}

static int on_reconnect(sd_event_source *source, uint64_t usec, void *userdata) {
        Daemon *daemon = userdata;
        int r;

        daemon->reconnect = sd_event_source_disable_unref(daemon->reconnect);
        r = wait_for_bus(daemon);
        return r < 0 ? connect_later(daemon) : 0;
}

static int connect_later(Daemon *daemon) {
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

        r = sd_bus_match_signal_async(daemon->system_bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                      "org.freedesktop.DBus.Local", "Disconnected", on_disconnected,
                                      NULL, daemon);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(daemon->system_bus, daemon->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        daemon->connected = true;
        *ret_manager_bus = daemon->system_bus;
        return 0;
}
