/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "launcher/loop.h"

int watch_start(Watch *watch, int epoll_fd, int fd, uint32_t events) {
        struct epoll_event event = {.events = events, .data.ptr = watch};

        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
                return -errno;
        watch->fd = fd;
        watch->epoll_fd = epoll_fd;
        return 0;
}

int watch_change(Watch *watch, uint32_t events) {
        struct epoll_event event = {.events = events, .data.ptr = watch};

        if (epoll_ctl(watch->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) < 0)
                return -errno;
        return 0;
}

void watch_stop(Watch *watch) {
        if (watch->fd < 0)
                return;

        /* Closing alone is not enough: a child that was forked a moment ago may still hold a copy,
         * and the registration would outlive this object with it. */
        epoll_ctl(watch->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
        watch->fd = fd_close(watch->fd);
}

int loop_run_once(int epoll_fd, int timeout_ms) {
        struct epoll_event event;
        Watch *watch;
        int n;

        n = epoll_wait(epoll_fd, &event, 1, timeout_ms);
        if (n < 0 && errno != EINTR)
                return -errno;
        if (n <= 0)
                return 0;

        watch = event.data.ptr;
        watch->ready(watch, event.events);
        return 0;
}
