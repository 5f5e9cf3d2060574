/* SPDX-License-Identifier: ISC */

/*
 * albatross-metrics: what there is of unikernels, for Prometheus and whoever else reads
 * OpenMetrics. Started by its sockets, asks albatrossd over the system bus when it is asked, has no
 * rights, and ends when nobody has been there for a while.
 */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "metrics/server.h"

#define IDLE_USEC 30000000ULL

DEFINE_CLEANUP(Server *, server_free);

static void event_unrefp(sd_event **event) {
        sd_event_unref(*event);
}

static int handle_signals(sd_event *event) {
        sigset_t blocked;
        int r;

        sigemptyset(&blocked);
        sigaddset(&blocked, SIGTERM);
        sigaddset(&blocked, SIGINT);
        if (sigprocmask(SIG_BLOCK, &blocked, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;
        r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
        return r < 0 ? r : sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
}

static int serve(uint64_t idle_usec) {
        _cleanup_(event_unrefp) sd_event *event = NULL;
        _cleanup_(server_freep) Server *server = NULL;
        int n, r;

        n = sd_listen_fds(true);
        if (n <= 0)
                return n < 0 ? n : -ENOTCONN;
        r = sd_event_new(&event);
        if (r < 0)
                return r;
        r = handle_signals(event);
        if (r < 0)
                return r;
        r = server_new(&server, event, idle_usec);
        for (int i = 0; r >= 0 && i < n; i++)
                r = server_listen(server, SD_LISTEN_FDS_START + i);
        return r < 0 ? r : sd_event_loop(event);
}

static int complain(const char *text) {
        fprintf(stderr,
                "%s\n"
                "albatross-metrics [--exit-idle-time=TIME] is started by albatross-metrics.socket; "
                "see albatross-metrics(8).\n",
                text);
        return EXIT_FAILURE;
}

static int help(void) {
        puts("albatross-metrics [OPTION...]\n\n"
             "Tell Prometheus what there is of unikernels. albatross-metrics.socket starts it.\n\n"
             "  --exit-idle-time=TIME  How long it stays when nobody is there; default 30s\n"
             "  --help                 Show this help\n"
             "  --version              Show the version\n\n"
             "See also albatross-metrics(8).");
        return EXIT_SUCCESS;
}

int main(int argc, char *argv[]) {
        static const struct option options[] = {
                {"exit-idle-time", required_argument, NULL, 'e'},
                {"help", no_argument, NULL, 'h'},
                {"version", no_argument, NULL, 'v'},
                {},
        };
        uint64_t idle_usec = IDLE_USEC;
        int c, r;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 'v') {
                        puts("albatross-metrics " ALBATROSS_VERSION);
                        return EXIT_SUCCESS;
                }
                if (c == 'h')
                        return help();
                if (c != 'e')
                        return complain("What is that?");
                if (number_parse_span(optarg, &idle_usec) < 0)
                        return complain("That is no time.");
        }
        if (optind < argc)
                return complain("It takes no arguments.");
        r = serve(idle_usec);
        if (r == -ENOTCONN)
                return complain("There is no socket.");
        if (r < 0)
                fprintf(stderr, "<3>albatross-metrics can't serve: %s\n", strerror(-r));
        return r < 0 ? EXIT_FAILURE : r;
}
