/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/live.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

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

/* While something is printed, which may wait for somebody to read it for as long as he likes. */
static void on_signal_while_printing(int number) {
        _exit(EXIT_SUCCESS);
}

static int mask_signals(int how) {
        sigset_t mask;

        sigemptyset(&mask);
        for (size_t i = 0; i < N_ELEMENTS(signals); i++)
                sigaddset(&mask, signals[i]);
        return sigprocmask(how, &mask, NULL) < 0 ? -errno : 0;
}

bool live_outlives(int number) {
        struct sigaction action;

        return number == SIGHUP && sigaction(SIGHUP, NULL, &action) >= 0 &&
               action.sa_handler == SIG_IGN;
}

int live_new(sd_event **ret) {
        _cleanup_(sd_event_unrefp_) sd_event *event = NULL;
        int r;

        r = mask_signals(SIG_BLOCK);
        if (r < 0)
                return r;
        if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;

        r = sd_event_new(&event);
        for (size_t i = 0; r >= 0 && i < N_ELEMENTS(signals); i++) {
                if (live_outlives(signals[i]))
                        continue;
                if (signal(signals[i], on_signal_while_printing) == SIG_ERR)
                        return -errno;
                r = sd_event_add_signal(event, NULL, signals[i], on_signal, NULL);
        }
        if (r < 0)
                return r;
        /* Errors and hang-ups need not be asked for. A file has neither, and says so. */
        r = sd_event_add_io(event, NULL, STDOUT_FILENO, 0, on_hangup, NULL);
        if (r < 0 && r != -EPERM)
                return r;

        *ret = TAKE_PTR(event);
        return 0;
}

int live_at_end(sd_event *event, sd_event_handler_t handler, void *userdata) {
        sd_event_source *source = NULL;
        int r;

        r = sd_event_add_exit(event, &source, handler, userdata);
        if (r >= 0)
                r = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT);
        if (r >= 0)
                r = sd_event_source_set_floating(source, true);
        sd_event_source_unref(source);
        return r;
}

void live_begin(void) {
        (void) mask_signals(SIG_UNBLOCK);
}

void live_flush(sd_event *event) {
        int r = fflush(stdout) == 0 ? 0 : -errno;

        (void) mask_signals(SIG_BLOCK);
        if (r == -EPIPE)
                stop_printing(event);
        else if (r < 0)
                sd_event_exit(event, r);
}
