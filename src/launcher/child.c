/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "launcher/argv.h"
#include "launcher/child.h"
#include "launcher/confine.h"
#include "launcher/journal-stream.h"

/* Descriptors are moved up here before they are put into their places, so that none is overwritten
 * before its turn. */
#define FDS_ASIDE 128

_Static_assert(LAUNCHER_PASS_MAX + 2 <= PACKET_FDS_MAX, "all of them travel in one message");
_Static_assert(LAUNCHER_PASS_MAX + 3 <= FDS_ASIDE, "their places lie below those set aside");

/* Exit status of a child that never became its program; nobody reads it, its report says why. */
#define EXIT_UNBORN 127

typedef struct Self {
        ChildPlan plan;
        int received[PACKET_FDS_MAX]; /* through the gate */
        int gate_fd;
        int program_fd;
        int places[LAUNCHER_PASS_MAX + 3]; /* what becomes 0, 1, 2 ... */
        size_t n_places;
        char **argv;
        GateReport report;
} Self;

/* As a program expects them at its start; the launcher itself has handlers for none. Only SIGPIPE
 * is ignored for tenders, as it is in services: when journald refuses or loses a stream, that must
 * not end a guest that prints. */
static int reset_signals(ChildKind kind) {
        sigset_t none;

        (void) signal(SIGPIPE, kind == CHILD_TENDER ? SIG_IGN : SIG_DFL);
        sigemptyset(&none);
        return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

/* Nothing of the launcher's stays open at the gate: not the locks and pidfds of others, nor the
 * launcher's ends of other gates, which would keep those from noticing its death. */
static int close_all_but_gate(Self *self) {
        const int place = 3;

        if (self->gate_fd != place && dup3(self->gate_fd, place, O_CLOEXEC) < 0)
                return -errno;
        self->gate_fd = place;
        return close_range((unsigned) place + 1, ~0U, 0) < 0 ? -errno : 0;
}

/* Others that can write to a program could become whoever it runs as. */
static int check_program(int fd) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) ||
            !(st.st_mode & S_IXOTH))
                return -EPERM;
        return 0;
}

/* A tender has /dev/null and its journal first, a probe what it was given. */
static int arrange_descriptors(Self *self) {
        const ChildPlan *plan = &self->plan;
        int null_fd, stream_fd, r;

        null_fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (null_fd < 0)
                return -errno;

        if (plan->kind == CHILD_TENDER) {
                r = journal_stream_open(plan->name, plan->scope, &stream_fd);
                if (r < 0) {
                        self->report.journal_error = r;
                        stream_fd = null_fd;
                }
                self->places[self->n_places++] = null_fd;
                self->places[self->n_places++] = stream_fd;
                self->places[self->n_places++] = stream_fd;
        }
        for (size_t i = 2; i < plan->n_fds; i++)
                self->places[self->n_places++] = plan->fds[i];
        while (self->n_places < 3)
                self->places[self->n_places++] = null_fd;
        return 0;
}

static int put_aside(int *fd) {
        int copy = fcntl(*fd, F_DUPFD_CLOEXEC, FDS_ASIDE);

        if (copy < 0)
                return -errno;
        *fd = copy;
        return 0;
}

static int place_descriptors(Self *self) {
        int r;

        r = put_aside(&self->gate_fd);
        if (r < 0)
                return r;
        r = put_aside(&self->program_fd);
        if (r < 0)
                return r;
        for (size_t i = 0; i < self->n_places; i++) {
                r = put_aside(self->places + i);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < self->n_places; i++)
                if (dup2(self->places[i], (int) i) < 0)
                        return -errno;

        /* Everything was close-on-exec from birth. This is for what a mistake would leave. */
        return close_range((unsigned) self->n_places, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

static int take_descriptors(Self *self) {
        int r;

        self->program_fd = self->plan.fds[0];
        r = check_program(self->program_fd);
        if (r < 0)
                return r;
        r = argv_map(self->plan.fds[1], &self->argv);
        if (r < 0)
                return r;
        r = arrange_descriptors(self);
        if (r < 0)
                return r;
        return place_descriptors(self);
}

static int set_cpus(Self *self) {
        cpu_set_t set;
        int n = 0;

        CPU_ZERO(&set);
        for (unsigned i = 0; i < LAUNCHER_CPUS_MAX; i++)
                if (self->plan.cpus[i / 64] & (UINT64_C(1) << (i % 64))) {
                        CPU_SET(i, &set);
                        n++;
                }
        if (n == 0)
                return 0;
        return sched_setaffinity(0, sizeof(set), &set) < 0 ? -errno : 0;
}

static int take_limits(Self *self) {
        return confine_limits(self->plan.kind);
}

static int take_identity(Self *self) {
        return confine_identity(self->plan.uid, self->plan.gid);
}

/* From here on a probe ends with its launcher, unless that ended before: then the gate says so.
 * Asking for this any earlier has no effect, the change of identity clears it. */
static int end_with_launcher(const Self *self) {
        char nothing;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return -errno;
        if (recv(self->gate_fd, &nothing, sizeof(nothing), MSG_PEEK | MSG_DONTWAIT) == 0)
                return -EPIPE;
        return 0;
}

static int execute(Self *self) {
        static char *const no_environment[] = {NULL};
        int r;

        if (self->report.journal_error < 0)
                (void) packet_send(self->gate_fd, &self->report, sizeof(self->report), NULL, 0);
        if (self->plan.kind == CHILD_PROBE) {
                r = end_with_launcher(self);
                if (r < 0)
                        return r;
        }

        execveat(self->program_fd, "", self->argv, no_environment, AT_EMPTY_PATH);
        return -errno;
}

static int become_program(Self *self) {
        static const struct {
                LauncherStep step;
                int (*take)(Self *self);
        } steps[] = {
                {LAUNCHER_STEP_DESCRIPTORS, take_descriptors},
                {LAUNCHER_STEP_CPUS, set_cpus},
                {LAUNCHER_STEP_IDENTITY, take_identity},
                /* After the uid: with a limit on processes set before it, setresuid() would count
                 * those of the uid and the exec be refused when a probe runs beside this one. */
                {LAUNCHER_STEP_LIMITS, take_limits},
                {LAUNCHER_STEP_EXECUTE, execute},
        };

        for (size_t i = 0; i < N_ELEMENTS(steps); i++) {
                int r = steps[i].take(self);

                if (r < 0) {
                        self->report.step = steps[i].step;
                        return r;
                }
        }
        return 0; /* Not reached: the last step does not return when it succeeds. */
}

static int child_begin(Self *self) {
        int r;

        (void) prctl(PR_SET_NAME, "albatross-gate");
        r = reset_signals(self->plan.kind);
        if (r < 0)
                return r;
        if (setsid() < 0 || chdir("/") < 0)
                return -errno;
        umask(077);
        confine_oom_score();
        return self->plan.kind == CHILD_TENDER ? close_all_but_gate(self) : 0;
}

/* 0 when the gate was opened, -EPIPE when the launcher is gone. */
static int wait_at_gate(Self *self) {
        GateOrder order;
        int r;

        r = packet_receive(self->gate_fd, &order, sizeof(order), self->received, &self->plan.n_fds);
        if (r < 0)
                return r;
        if (r != sizeof(order))
                return -EPIPE;
        self->plan.fds = self->received;
        self->plan.gid = order.gid;
        memcpy(self->plan.cpus, order.cpus, sizeof(order.cpus));
        return 0;
}

static int child_run(Self *self) {
        int r;

        self->report.step = LAUNCHER_STEP_DESCRIPTORS;
        r = child_begin(self);
        if (r < 0)
                return r;
        if (self->plan.kind == CHILD_TENDER) {
                r = wait_at_gate(self);
                if (r < 0)
                        return r;
        }
        if (self->plan.n_fds < 2)
                return -EINVAL;
        return become_program(self);
}

_Noreturn void child_main(const ChildPlan *plan, int gate_fd) {
        Self self = {.plan = *plan, .gate_fd = gate_fd, .program_fd = -1};

        self.report.error = child_run(&self);
        (void) packet_send(self.gate_fd, &self.report, sizeof(self.report), NULL, 0);
        _exit(EXIT_UNBORN);
}
