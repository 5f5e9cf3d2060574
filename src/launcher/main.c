/* SPDX-License-Identifier: ISC */

/*
 * albatross-launcher: the parent of every tender. It is small and does little, so that it need not
 * be restarted when the daemon is; and when it must be, it replaces itself in place and keeps its
 * children.
 *
 *   albatross-launcher [--uid-range=FIRST-LAST]
 *
 * SIGTERM ends it: tenders run on, children at their gates and probes end with it. SIGHUP makes it
 * execute its file again with its state (--state=FD, for itself only).
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/listener.h"
#include "base/say.h"
#include "launcher/connection.h"
#include "launcher/launcher.h"
#include "launcher/notify.h"
#include "launcher/options.h"
#include "launcher/serve.h"
#include "launcher/state.h"

/* It is looked at again after whatever happens next, or after the time of a pause. */
static void stop_listening(Launcher *launcher) {
        if (watch_change(&launcher->listener, 0) == 0)
                launcher->is_deaf = true;
}

static void listen_again(Launcher *launcher) {
        if (launcher->is_deaf && watch_change(&launcher->listener, EPOLLIN) == 0)
                launcher->is_deaf = false;
}

static int next_timeout(Launcher *launcher) {
        int timeout_ms = serve_deadlines(launcher);

        if (!launcher->is_deaf)
                return timeout_ms;
        return timeout_ms < 0 ? LISTENER_PAUSE_MSEC : MIN_OF(timeout_ms, LISTENER_PAUSE_MSEC);
}

static void listener_on_ready(Watch *watch, uint32_t events) {
        Launcher *launcher = LIST_ENTRY(watch, Launcher, listener);
        _cleanup_(fd_closep) int fd = listener_accept(watch->fd);

        if (fd == -EPERM)
                say(LOG_WARNING, "Refused a connection that is not root's");
        else if (fd < 0 && fd != -EAGAIN)
                stop_listening(launcher);
        if (fd < 0)
                return;
        if (connection_new(launcher, fd) < 0) {
                say(LOG_WARNING, "Refused a connection: there are too many");
                return;
        }
        TAKE_FD(fd);
}

static void signals_on_ready(Watch *watch, uint32_t events) {
        Launcher *launcher = LIST_ENTRY(watch, Launcher, signals);
        struct signalfd_siginfo info;

        if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
                return;
        if (info.ssi_signo == SIGHUP)
                launcher->upgrade = true;
        else
                launcher->stop = true;
}

static int watch_signals(Launcher *launcher) {
        _cleanup_(fd_closep) int fd = -1;
        sigset_t signals;
        int r;

        /* Once for all children, which inherit it: whatever somebody made us ignore. */
        for (int i = 1; i < NSIG; i++)
                (void) signal(i, i == SIGPIPE ? SIG_IGN : SIG_DFL);

        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGHUP);
        if (sigprocmask(SIG_SETMASK, &signals, NULL) < 0)
                return -errno;
        fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd < 0)
                return -errno;
        r = watch_start(&launcher->signals, launcher->epoll_fd, fd, EPOLLIN);
        if (r < 0)
                return r;
        TAKE_FD(fd);
        return 0;
}

static int watch_listener(Launcher *launcher, int fd) {
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        return watch_start(&launcher->listener, launcher->epoll_fd, fd, EPOLLIN);
}

/* A tender takes two descriptors for as long as it is known, and one more until it runs. Some are
 * never left to children, so that connections can be accepted whatever happens. */
static int set_children_max(Launcher *launcher, const Options *options) {
        const rlim_t n_reserved = 256, n_each = 3;
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return -errno;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
                return -errno;
        if (limit.rlim_cur < n_reserved + n_each) {
                say(LOG_ERR, "LimitNOFILE= is too low");
                return -EMFILE;
        }
        launcher->table.n_max =
                (unsigned) MIN_OF((limit.rlim_cur - n_reserved) / n_each, (rlim_t) UINT16_MAX);
        if (launcher->table.n_max <= options->uid_last - options->uid_first)
                say(LOG_WARNING,
                    "LimitNOFILE= is too low to start a unikernel for each uid of %s, it does "
                    "for %u",
                    options->uid_range, launcher->table.n_max);
        return 0;
}

/* Ids begin at the time since boot, in nanoseconds. So a launcher that comes after another one
 * never gives out an id that the daemon may still know from before. */
static uint64_t first_id(void) {
        struct timespec now;

        clock_gettime(CLOCK_BOOTTIME, &now);
        return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

static int launcher_begin(Launcher *launcher, const Options *options) {
        int r;

        list_init(&launcher->connections);
        child_table_init(&launcher->table, first_id());
        r = set_children_max(launcher, options);
        if (r < 0)
                return r;
        r = leases_open(&launcher->leases, LEASE_FOLDER, options->uid_first, options->uid_last);
        if (r < 0) {
                say(LOG_ERR, LEASE_FOLDER " can't be used (systemd-tmpfiles makes it): %s",
                    strerror(-r));
                return r;
        }
        launcher->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (launcher->epoll_fd < 0)
                return -errno;
        return watch_signals(launcher);
}

/* Fails only when there is nothing to listen on: a launcher that has lost its children is still
 * better than none, and the daemon finds them by their scopes. */
static int launcher_listen(Launcher *launcher, const Options *options) {
        int fd = -1, r;

        if (options->state_fd >= 0) {
                r = state_restore(launcher, options->state_fd, &fd);
                fd_close(options->state_fd);
                if (r < 0)
                        say(LOG_ERR, "The state handed over is lost: %s", strerror(-r));
                else if (r > 0)
                        say(LOG_ERR, "%d children of the state handed over are lost", r);
        }
        r = leases_take_over(&launcher->leases);
        if (r < 0)
                say(LOG_WARNING, "The uids of earlier tenders are not known: %s", strerror(-r));
        if (fd < 0)
                fd = listener_inherited();
        if (fd < 0) {
                say(LOG_ERR, "No socket was handed over; start albatross-launcher.socket");
                return fd;
        }
        return watch_listener(launcher, fd);
}

/* Comes back only when it failed, with everything as it was. Connections are lost by success: the
 * daemon connects again and asks for the list. */
static int launcher_upgrade(Launcher *launcher, const char *program, const Options *options) {
        _cleanup_(fd_closep) int state_fd = -1;
        char state[sizeof("--state=2147483647")], range[64];
        char name[] = "albatross-launcher";
        char *argv[] = {name, range, state, NULL};
        int r;

        state_fd = state_save(launcher);
        if (state_fd < 0)
                return state_fd;
        if (fcntl(state_fd, F_SETFD, 0) < 0)
                return -errno;
        (void) snprintf(state, sizeof(state), "--state=%d", state_fd);
        (void) snprintf(range, sizeof(range), "--uid-range=%s", options->uid_range);

        r = state_inherit(launcher, true);
        if (r == 0) {
                execv(program, argv);
                r = -errno;
        }
        (void) state_inherit(launcher, false);
        return r;
}

static int launcher_run(Launcher *launcher, const char *program, const Options *options) {
        int r;

        while (!launcher->stop) {
                bool was_deaf = launcher->is_deaf;

                r = loop_run_once(launcher->epoll_fd, next_timeout(launcher));
                if (r < 0)
                        return r;
                if (was_deaf)
                        listen_again(launcher);
                if (!launcher->upgrade)
                        continue;

                launcher->upgrade = false;
                (void) notify_send("RELOADING=1");
                r = launcher_upgrade(launcher, program, options);
                say(LOG_ERR, "Executing %s again failed: %s", program, strerror(-r));
                (void) notify_send("READY=1");
        }
        return 0;
}

/* Where this program lies. Asked at the start, when the file still has this name: that of an
 * upgrade has it later. */
static int find_program(char *buffer, size_t size) {
        ssize_t n = readlink("/proc/self/exe", buffer, size);

        if (n < 0)
                return -errno;
        if ((size_t) n >= size)
                return -ENAMETOOLONG;
        buffer[n] = '\0';
        return 0;
}

int main(int argc, char **argv) {
        static Launcher launcher = {
                .epoll_fd = -1,
                .listener = {.fd = -1, .ready = listener_on_ready},
                .signals = {.fd = -1, .ready = signals_on_ready},
                .leases = LEASES_NONE,
        };
        char program[PATH_MAX];
        Options options;
        int r;

        if (options_parse(argc, argv, &options) < 0) {
                say(LOG_ERR, "Usage: albatross-launcher [--uid-range=FIRST-LAST]");
                return EXIT_FAILURE;
        }
        r = find_program(program, sizeof(program));
        if (r == 0)
                r = launcher_begin(&launcher, &options);
        if (r == 0)
                r = launcher_listen(&launcher, &options);
        if (r == 0) {
                (void) notify_send("READY=1");
                r = launcher_run(&launcher, program, &options);
        }
        (void) notify_send("STOPPING=1");
        if (r < 0)
                say(LOG_ERR, "Ended: %s", strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
