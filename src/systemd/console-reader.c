/* SPDX-License-Identifier: ISC */

/*
 * albatross-console: writes what a unikernel has printed to descriptor 1, the pipe that a client
 * reads, and may follow what it prints then. The daemon starts one for each client, and can forget
 * it: whoever reads slowly or not at all stalls nobody but this process, and it ends when its
 * reader does.
 *
 * Descriptor 3, where it is a socket, is the daemon's: each message on it is the invocation id of a
 * newer run, sent before that run has printed anything, or that nothing will follow. Then all that
 * journald has not handled yet is waited for, so that no last words are lost, and the end is
 * said. Without that, the pipe was cut, by the end of the daemon or ours: whoever reads it asks
 * again for what is behind the last cursor that he has got. Before the first line of one that is
 * followed comes the place from which it is, since there may be none for long.
 */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/packet.h"
#include "systemd/console-confine.h"
#include "systemd/console-flush.h"
#include "systemd/console-journal.h"

#define CONTROL_FD 3

typedef struct Console {
        ConsoleOptions options;
        ConsoleExport export;
        ConsoleFlush flush;
        sd_journal *journal;
        bool is_positioned; /* the current entry has not been handled yet */
        bool has_ended;     /* an entry beyond --until has come */
        bool is_whole;      /* nothing is left to come */
        int control_fd;     /* -1 when there is none any more */
        int until_fd;       /* becomes readable at --until; -1 when nobody waits for that */
} Console;

static void console_done(Console *console) {
        if (console->journal)
                sd_journal_close(console->journal);
        console_export_done(&console->export);
        fd_close(console->flush.fd);
        fd_close(console->until_fd);
}

static int open_control(Console *console) {
        struct stat st;

        console->control_fd = -1;
        if (!console->options.follow)
                return 0;
        /* Whoever follows by hand gives none, and ends it by hand. */
        if (fstat(CONTROL_FD, &st) < 0)
                return errno == EBADF ? 0 : -errno;
        if (S_ISSOCK(st.st_mode))
                console->control_fd = CONTROL_FD;
        else
                /* The daemon knows that nothing follows. */
                console->options.follow = false;
        return 0;
}

/* Takes all messages that have come. Does not wait. */
static int read_control(Console *console) {
        char text[SD_ID128_STRING_MAX] = "";
        struct pollfd readable = {.fd = console->control_fd, .events = POLLIN};
        int fds[PACKET_FDS_MAX];
        size_t n_fds = 0;
        bool is_end;
        int r;

        while (console->control_fd >= 0 && poll(&readable, 1, 0) > 0) {
                r = packet_receive(console->control_fd, text, sizeof(text) - 1, fds, &n_fds);
                packet_close_fds(fds, n_fds);
                if (r == -EAGAIN)
                        return 0;
                if (r < 0 && r != -ECONNRESET)
                        return r;
                text[MAX_OF(r, 0)] = '\0';
                is_end = strcmp(text, CONSOLE_CONTROL_END) == 0;
                if (r <= 0 || is_end) {
                        console->is_whole = console->is_whole || is_end;
                        console->control_fd = fd_close(console->control_fd);
                        console->options.follow = false;
                        return 0;
                }
                r = console_options_add(&console->options, text);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int handle_entry(Console *console) {
        ConsoleVerdict verdict;
        ConsoleEntry entry;
        int r;

        r = console_journal_look(console->journal, &entry);
        if (r == -ENODATA)
                return 0;
        if (r < 0)
                return r;

        verdict = console_decide(&console->options, &entry);
        if (verdict == CONSOLE_UNKNOWN) {
                r = read_control(console);
                if (r < 0)
                        return r;
                verdict = console_decide(&console->options, &entry);
        }
        console->has_ended = verdict == CONSOLE_END;
        if (verdict == CONSOLE_TAKE)
                return console_journal_export(console->journal, &console->export);
        return 0;
}

/* Hands on all that is there now. */
static int drain(Console *console) {
        int r;

        while (!console->has_ended) {
                if (!console->is_positioned) {
                        r = sd_journal_next(console->journal);
                        if (r < 0)
                                return r;
                        if (r == 0)
                                break;
                }
                console->is_positioned = false;
                r = handle_entry(console);
                if (r < 0)
                        return r;
        }
        return console_export_flush(&console->export);
}

static int poll_timeout(sd_journal *journal) {
        uint64_t at_usec, now_usec;

        /* Only where journal files lie on a network has it one. */
        if (sd_journal_get_timeout(journal, &at_usec) < 0 || at_usec == UINT64_MAX)
                return -1;
        now_usec = clock_usec(CLOCK_MONOTONIC);
        return at_usec <= now_usec ? 0 : (int) MIN_OF((at_usec - now_usec) / 1000 + 1, INT_MAX);
}

/* Waits until there may be something new. */
static int wait_for_news(Console *console) {
        struct pollfd fds[] = {
                {.fd = STDOUT_FILENO},
                {.fd = console->control_fd, .events = POLLIN},
                {.fd = sd_journal_get_fd(console->journal)},
                {.fd = console->until_fd, .events = POLLIN},
        };
        int r;

        if (fds[2].fd < 0)
                return fds[2].fd;
        r = sd_journal_get_events(console->journal);
        if (r < 0)
                return r;
        fds[2].events = (short) r;

        if (poll(fds, N_ELEMENTS(fds), poll_timeout(console->journal)) < 0)
                return errno == EINTR ? 0 : -errno;
        if (fds[0].revents)
                return -EPIPE;
        if (fds[3].revents) {
                console->is_whole = true;
                console->options.follow = false;
        }
        if (fds[1].revents) {
                r = read_control(console);
                if (r < 0)
                        return r;
        }
        r = sd_journal_process(console->journal);
        return r < 0 ? r : 0;
}

/* By the clock that entries have their times from, also when that is set. */
static int open_until(Console *console) {
        uint64_t usec = console->options.until_usec;
        struct itimerspec when = {
                .it_value.tv_sec = (time_t) (usec / 1000000),
                /* 0 would be never. */
                .it_value.tv_nsec = (long) (usec % 1000000) * 1000 + 1,
        };

        if (!console->options.follow || usec == UINT64_MAX)
                return 0;
        console->until_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        if (console->until_fd < 0 ||
            timerfd_settime(console->until_fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
                return -errno;
        return 0;
}

static int start(Console *console, int argc, char **argv) {
        int r;

        r = console_options_parse(&console->options, argc, argv);
        if (r < 0)
                return r;
        /* That the reader is gone is a result of write(). */
        if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        r = open_control(console);
        if (r >= 0)
                r = open_until(console);
        if (r < 0)
                return r;

        console_flush_connect(&console->flush);
        r = console_journal_open(&console->journal, console->options.scope);
        if (r < 0)
                return r;
        /* From here on nothing new can be missed. */
        r = sd_journal_get_fd(console->journal);
        if (r < 0)
                return r;
        return console_confine();
}

/* Afterwards all can be read that was said before. */
static int flush_journal(Console *console) {
        int r;

        /* Old news don't count. */
        r = sd_journal_process(console->journal);
        if (r >= 0)
                r = console_flush(&console->flush, STDOUT_FILENO,
                                  sd_journal_get_fd(console->journal));
        if (r < 0)
                return r;
        /* It may lie in a file that is new to us. */
        r = sd_journal_process(console->journal);
        return r < 0 ? r : 0;
}

static int run(Console *console) {
        bool follow = console->options.follow;
        int r;

        if (!follow) {
                r = flush_journal(console);
                if (r < 0)
                        return r;
        }
        r = console_journal_seek(console->journal, &console->options);
        if (r < 0)
                return r;
        console->is_positioned = r > 0;
        if (follow && !console->is_positioned && !console->options.after) {
                r = console_journal_export_place(console->journal, &console->export);
                if (r < 0)
                        return r;
        }
        r = drain(console);
        if (r < 0)
                return r;
        if (!follow) {
                console->is_whole = true;
                return 0;
        }

        while (console->options.follow && !console->has_ended) {
                r = wait_for_news(console);
                if (r >= 0)
                        r = drain(console);
                if (r < 0)
                        return r;
        }
        console->is_whole = console->is_whole || console->has_ended;
        r = flush_journal(console);
        return r < 0 ? r : drain(console);
}

/* Says that it is not cut, but over. */
static int say_end(ConsoleExport *export) {
        int r;

        r = console_export_field(export, "__END", "1", 1);
        if (r >= 0)
                r = console_export_end(export);
        return r < 0 ? r : console_export_flush(export);
}

int main(int argc, char **argv) {
        Console console = {
                .export.fd = STDOUT_FILENO, .flush.fd = -1, .control_fd = -1, .until_fd = -1};
        int r;

        r = start(&console, argc, argv);
        if (r >= 0)
                r = run(&console);
        if (r >= 0 && console.is_whole)
                r = say_end(&console.export);
        console_done(&console);

        /* Nobody listens any more: that is how most of us end. */
        if (r < 0 && r != -EPIPE) {
                fprintf(stderr, "Can't read the journal: %s\n", strerror(-r));
                return 1;
        }
        return 0;
}
