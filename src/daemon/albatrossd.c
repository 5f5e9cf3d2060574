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
#include <systemd/sd-daemon.h>

#include "base/cleanup.h"
#include "daemon/daemon.h"
#include "daemon/settings-file.h"
#include "systemd/log.h"

static void daemon_clear(Daemon *daemon) {
        sd_event_source_disable_unref(daemon->listener);
        sd_event_source_disable_unref(daemon->pause);
        sd_event_source_disable_unref(daemon->watchdog);
        sd_event_source_disable_unref(daemon->reconnect);
        bus_service_free(daemon->service);
        manager_free(daemon->manager);
        sd_bus_flush_close_unref(daemon->system_bus);
        sd_bus_flush_close_unref(daemon->direct_bus);
        log_close();
        sd_event_unref(daemon->event);
        fd_close(daemon->listen_fd);
        fd_close(daemon->notify_fd);
}

/* All that runs is known: from here on requests are served. What came before waits in sockets. */
static void on_ready(void *userdata, int result, const Fault *fault) {
        Daemon *daemon = userdata;
        int r;

        r = result;
        if (r >= 0)
                r = system_bus_serve(daemon);
        if (r >= 0)
                r = private_socket_serve(daemon);
        if (r < 0) {
                log_print(LOG_ERR, "albatrossd can't serve: %s", strerror(-r));
                sd_event_exit(daemon->event, EXIT_FAILURE);
                return;
        }
        sd_notify(false, "READY=1\nSTATUS=Serving");
}

static void log_complaint(void *userdata, const char *file, unsigned line, const char *what) {
        if (line > 0)
                log_print(LOG_WARNING, "%s:%u: %s", file, line, what);
        else
                log_print(LOG_WARNING, "%s: %s", file, what);
}

static int start_manager(Daemon *daemon, sd_bus *bus) {
        const SettingsComplaints complaints = {.complain = log_complaint};
        _cleanup_(settings_clear) Settings settings = {};
        int r;

        r = settings_init(&settings);
        if (r < 0)
                return r;
        r = settings_read_files(&settings, "", &complaints);
        if (r < 0)
                return r;
        return manager_new(&daemon->manager, &(const ManagerSetup){
                                                     .event = daemon->event,
                                                     .bus = bus,
                                                     .settings = &settings,
                                                     .ready = on_ready,
                                                     .userdata = daemon,
                                             });
}

static int daemon_start(Daemon *daemon) {
        sigset_t blocked;
        sd_bus *bus;
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
        r = log_attach(daemon->event);
        if (r < 0)
                return r;
        r = watchdog_start(daemon);
        if (r < 0)
                return r;
        r = sd_event_add_signal(daemon->event, NULL, SIGTERM, NULL, NULL);
        if (r < 0)
                return r;
        r = sd_event_add_signal(daemon->event, NULL, SIGINT, NULL, NULL);
        if (r < 0)
                return r;
        r = system_bus_open(daemon, &bus);
        if (r < 0)
                return r;
        r = start_manager(daemon, bus);
        if (r < 0)
                return r;
        return bus_service_new(&daemon->service, daemon->event, daemon->manager);
}

int main(int argc, char *argv[]) {
        _cleanup_(daemon_clear) Daemon daemon = {.listen_fd = -1, .notify_fd = -1};
        int r;

        if (argc > 1) {
                bool version = argc == 2 && strcmp(argv[1], "--version") == 0;

                fputs(version ? "albatrossd " ALBATROSS_VERSION "\n"
                              : "albatrossd takes no arguments; systemd starts it. "
                                "See albatrossd(8) and albatrossctl(1).\n",
                      version ? stdout : stderr);
                return version ? EXIT_SUCCESS : EXIT_FAILURE;
        }

        r = log_open("albatrossd", LOG_JOURNAL);
        if (r < 0)
                log_print(LOG_WARNING, "The journal can't be reached: %s", strerror(-r));
        r = daemon_start(&daemon);
        if (r < 0) {
                log_print(LOG_ERR, "albatrossd can't start: %s", strerror(-r));
                return EXIT_FAILURE;
        }
        r = sd_event_loop(daemon.event);
        sd_notify(false, "STOPPING=1");
        if (r < 0)
                log_print(LOG_ERR, "The event loop failed: %s", strerror(-r));
        return r < 0 ? EXIT_FAILURE : r;
}
