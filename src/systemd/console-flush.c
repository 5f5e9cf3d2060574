/* SPDX-License-Identifier: ISC */

/* Varlink (varlink.org): one JSON object with a NUL byte, each way. What the answer says does not
 * matter here, only that it comes. */

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "systemd/console-flush.h"

/* As long as it takes journald to write to a slow disk. */
#define ANSWER_MSEC 5000

/* Journald tells of new entries after 250 ms at the latest. */
#define NEWS_MSEC 300

/* Journald answers when it has nothing else to do, which on a busy machine may be never (systemd
 * 252). But its clients take turns: when it has written anything at all for so long after it was
 * asked, ours has had its turn. */
#define BUSY_MSEC (2 * NEWS_MSEC)

static const char request[] = "{\"method\":\"io.systemd.Journal.Synchronize\"}";

void console_flush_connect(ConsoleFlush *flush) {
        static const struct sockaddr_un address = {
                .sun_family = AF_UNIX,
                .sun_path = "/run/systemd/journal/io.systemd.journal",
        };

        flush->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (flush->fd < 0)
                return;
        if (connect(flush->fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                flush->fd = fd_close(flush->fd);
}

static int64_t now_msec(void) {
        return (int64_t) (clock_usec(CLOCK_MONOTONIC) / 1000);
}

/* Has the answer come, as a whole? A connection that ends is one, too. */
static int take_answer(int fd) {
        char piece[256];
        ssize_t n;

        n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : 1;
        return n == 0 || memchr(piece, '\0', (size_t) n) != NULL;
}

/* Waits for one of them, at most until @deadline_msec: 1, or 0 at the deadline. */
static int wait_until(int64_t deadline_msec, struct pollfd fds[static 3]) {
        int64_t left_msec = deadline_msec - now_msec();

        if (left_msec <= 0)
                return 0;
        if (poll(fds, 3, (int) left_msec) < 0 && errno != EINTR)
                return -errno;
        return fds[0].revents ? -EPIPE : 1;
}

int console_flush(ConsoleFlush *flush, int sink_fd, int news_fd) {
        _cleanup_(fd_closep) int fd = TAKE_FD(flush->fd);
        int64_t asked_msec = now_msec();
        struct pollfd fds[] = {{.fd = sink_fd}, {.fd = fd, .events = POLLIN}, {.fd = -1}};
        int r;

        if (fd < 0 || send(fd, request, sizeof(request), MSG_NOSIGNAL) < 0) {
                fds[1].fd = -1;
                do
                        r = wait_until(asked_msec + NEWS_MSEC, fds);
                while (r > 0);
                return r;
        }

        for (;;) {
                bool is_late = fds[2].fd >= 0;

                r = wait_until(asked_msec + (is_late ? ANSWER_MSEC : BUSY_MSEC), fds);
                if (r < 0 || (r == 0 && is_late))
                        return r;
                if (r > 0 && ((fds[1].revents && take_answer(fd)) || fds[2].revents))
                        return 0;
                if (r == 0)
                        fds[2] = (struct pollfd){.fd = news_fd, .events = POLLIN};
        }
}
