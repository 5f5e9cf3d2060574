/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/live.h"

static void sd_event_unrefp_(sd_event **event) {
        sd_event_unref(*event);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        return sd_event_exit(sd_event_source_get_event(source), EXIT_SUCCESS);
}

/* What is still buffered has nowhere to go, and that is no failure. */
static int stop_printing(sd_event *event) {
        freopen("/dev/null", "we", stdout);
        return sd_event_exit(event, EXIT_SUCCESS);
}

static int on_hangup(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        return stop_printing(sd_event_source_get_event(source));
}

int live_new(sd_event **ret) {
        static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
        _cleanup_(sd_event_unrefp_) sd_event *event = NULL;
        sigset_t blocked;
        int r;

        sigemptyset(&blocked);
        for (size_t i = 0; i < N_ELEMENTS(signals); i++)
                sigaddset(&blocked, signals[i]);
        if (sigprocmask(SIG_BLOCK, &blocked, NULL) < 0)
                return -errno;
        if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;

        r = sd_event_new(&event);
        for (size_t i = 0; r >= 0 && i < N_ELEMENTS(signals); i++)
                r = sd_event_add_signal(event, NULL, signals[i], on_signal, NULL);
        if (r < 0)
                return r;
        /* Errors and hang-ups need not be asked for. A file has neither, and says so. */
        r = sd_event_add_io(event, NULL, STDOUT_FILENO, 0, on_hangup, NULL);
        if (r < 0 && r != -EPERM)
                return r;

        *ret = TAKE_PTR(event);
        return 0;
}

void live_flush(sd_event *event) {
        if (fflush(stdout) == 0)
                return;
        if (errno == EPIPE)
                stop_printing(event);
        else
                sd_event_exit(event, -errno);
}
