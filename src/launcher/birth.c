/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/packet.h"
#include "launcher/birth.h"
#include "launcher/connection.h"
#include "launcher/launcher.h"

/* Reads what the child says at its gate; returns false when there is nothing to read (yet). */
static bool gate_read(Child *child) {
        GateReport report;
        int fds[PACKET_FDS_MAX];
        size_t n_fds = 0;
        int r;

        r = packet_receive(child->gate.fd, &report, sizeof(report), fds, &n_fds);
        if (r == -EAGAIN)
                return false;
        packet_close_fds(fds, n_fds);
        if (r == sizeof(report)) {
                child->journal_error = report.journal_error;
                child->error = report.error;
                child->step = report.step;
                return true;
        }

        /* The gate is gone from the child: it runs its program, or has ended. */
        watch_stop(&child->gate);
        if (child->kind == CHILD_TENDER && child->asker)
                child_answer(child, child->error);
        return false;
}

static void gate_on_ready(Watch *watch, uint32_t events) {
        (void) gate_read(LIST_ENTRY(watch, Child, gate));
}

static void announce_end(Child *child) {
        LauncherReply reply = child_describe(child);

        reply.kind = LAUNCHER_EXITED;
        reply.error = child->error;
        LIST_FOREACH(link, &child->launcher->connections)
        connection_send(LIST_ENTRY(link, Connection, link), &reply);
}

static void end_on_ready(Watch *watch, uint32_t events) {
        Child *child = LIST_ENTRY(watch, Child, end);
        pid_t pid;

        /* First what it said while it lived, so that nobody hears of its end before its start. */
        while (child->gate.fd >= 0 && gate_read(child))
                ;

        pid = wait4(child->pid, &child->wait_status, WNOHANG, &child->usage);
        if (pid == 0)
                return;
        if (pid < 0)
                child->error = -errno;
        child->state = LAUNCHER_ENDED;
        watch_stop(&child->end);
        watch_stop(&child->gate);

        if (child->kind == CHILD_TENDER) {
                announce_end(child);
                return;
        }
        child_answer(child, child->timed_out ? -ETIMEDOUT : child->error);
        child_free(child);
}

int child_watch(Child *child, int pidfd, int gate_fd) {
        int epoll_fd = child->launcher->epoll_fd;
        int r;

        child->end.ready = end_on_ready;
        child->gate.ready = gate_on_ready;
        r = watch_start(&child->end, epoll_fd, pidfd, EPOLLIN);
        if (r < 0)
                return r;
        return gate_fd >= 0 ? watch_start(&child->gate, epoll_fd, gate_fd, EPOLLIN) : 0;
}

/* proc(5), stat: the 22nd field, counted from the state, the third, which follows the last ')' (a
 * process chooses its own name). */
static int read_start_ticks(pid_t pid, uint64_t *ret) {
        _cleanup_(freep) char *stat = NULL;
        char path[sizeof("/proc/2147483647/stat")];
        char *field;
        int r;

        (void) snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        r = file_read_at(AT_FDCWD, path, 4096, &stat, NULL);
        if (r < 0)
                return r;
        field = strrchr(stat, ')');
        for (int i = 2; i < 22 && field; i++)
                field = strchr(field + 1, ' ');
        if (!field)
                return -EIO;
        *ret = strtoull(field + 1, NULL, 10);
        return 0;
}

static int parent_take(Child *child, int *gate_fd) {
        _cleanup_(fd_closep) int pidfd = -1;
        int r;

        pidfd = pidfd_open(child->pid, 0);
        if (pidfd < 0)
                return -errno;
        r = read_start_ticks(child->pid, &child->start_ticks);
        if (r < 0)
                return r;
        r = child_watch(child, pidfd, *gate_fd);
        if (child->end.fd >= 0)
                TAKE_FD(pidfd);
        if (child->gate.fd >= 0)
                TAKE_FD(*gate_fd);
        return r;
}

int child_fork(Child *child, const ChildPlan *plan) {
        _cleanup_(fd_closep) int ours = -1, its = -1;
        int pair[2];
        int r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        ours = pair[0];
        its = pair[1];
        if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0)
                return -errno;

        child->pid = fork();
        if (child->pid < 0)
                return -errno;
        if (child->pid == 0)
                child_main(plan, its);

        r = parent_take(child, &ours);
        if (r < 0) {
                kill(child->pid, SIGKILL);
                (void) waitpid(child->pid, NULL, 0);
        }
        return r;
}

int child_signal(Child *child, int signal) {
        if (child->state == LAUNCHER_ENDED)
                return -ESRCH;
        if (child->state == LAUNCHER_AT_GATE)
                signal = SIGKILL;
        return pidfd_send_signal(child->end.fd, signal, NULL, 0) < 0 ? -errno : 0;
}
