/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The launcher's event loop: a watch is one descriptor in an epoll set and what to do when it is
 * ready. One event is taken at a time, so that whatever a handler frees can't be pending any more.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

typedef struct Watch Watch;
typedef void WatchReady(Watch *watch, uint32_t events);

struct Watch {
        int fd; /* -1: not watched */
        int epoll_fd;
        WatchReady *ready;
};

/* Watches @fd, which belongs to @watch afterwards; on failure it stays the caller's. */
int watch_start(Watch *watch, int epoll_fd, int fd, uint32_t events);

int watch_change(Watch *watch, uint32_t events);

/* Ends the watch and closes its descriptor. Nothing happens when it is not watched. */
void watch_stop(Watch *watch);

/* Waits for one event, at most @timeout_ms (-1: for ever), and handles it. */
int loop_run_once(int epoll_fd, int timeout_ms);
