/* SPDX-License-Identifier: ISC */

#include <asm/prctl.h>
#include <errno.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "spt/abi.h"
#include "spt/sandbox.h"

/* Any first argument, for a call that has none worth checking. */
#define ANYTHING (-1L)

typedef struct Allowance {
        int call;
        long first_argument;
} Allowance;

static void filter_releasep(scmp_filter_ctx *filter) {
        if (*filter)
                seccomp_release(*filter);
}

static int open_timer(Sandbox *sandbox, Refusal *refusal) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = SPT_TIMER_DATA};

        sandbox->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (sandbox->epoll_fd < 0)
                return refusal_set(refusal, "Cannot make an epoll set: %m");
        sandbox->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (sandbox->timer_fd < 0)
                return refusal_set(refusal, "Cannot make a timer: %m");
        if (epoll_ctl(sandbox->epoll_fd, EPOLL_CTL_ADD, sandbox->timer_fd, &event) < 0)
                return refusal_set(refusal, "Cannot wait for the timer: %m");
        return 0;
}

static int allow(scmp_filter_ctx filter, const Allowance *allowance) {
        if (allowance->first_argument == ANYTHING)
                return seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowance->call, 0);
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowance->call, 1,
                                SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) allowance->first_argument));
}

/* Takes the finished program out of libseccomp, since loading it through libseccomp frees memory
 * afterwards: by calls that the filter forbids. */
static int export(Sandbox *sandbox, scmp_filter_ctx filter) {
        _cleanup_(fd_closep) int fd = -1;
        ssize_t size;
        int r;

        fd = memfd_create("filter", MFD_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = seccomp_export_bpf(filter, fd);
        if (r < 0)
                return r;
        size = pread(fd, sandbox->instructions, sizeof(sandbox->instructions), 0);
        if (size < 0)
                return -errno;
        /* A buffer that is full may hold less than there is. */
        if (size == 0 || size == sizeof(sandbox->instructions) ||
            size % (ssize_t) sizeof(sandbox->instructions[0]) != 0)
                return -E2BIG;
        sandbox->n_instructions =
                (unsigned short) ((size_t) size / sizeof(sandbox->instructions[0]));
        return 0;
}

static int make_filter(Sandbox *sandbox) {
        const Allowance allowances[] = {
                {SCMP_SYS(write), STDOUT_FILENO},
                {SCMP_SYS(exit_group), ANYTHING},
                {SCMP_SYS(epoll_pwait), sandbox->epoll_fd},
                {SCMP_SYS(timerfd_settime), sandbox->timer_fd},
                {SCMP_SYS(clock_gettime), CLOCK_MONOTONIC},
                {SCMP_SYS(clock_gettime), CLOCK_REALTIME},
                {SCMP_SYS(arch_prctl), ARCH_SET_FS},
        };
        _cleanup_(filter_releasep) scmp_filter_ctx filter = NULL;
        int r;

        filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
        if (!filter)
                return -ENOMEM;
        /* Calls of another architecture, by int 0x80, end it likewise. */
        r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        if (r < 0)
                return r;
        for (size_t i = 0; i < N_ELEMENTS(allowances); i++) {
                r = allow(filter, &allowances[i]);
                if (r < 0)
                        return r;
        }
        return export(sandbox, filter);
}

int sandbox_prepare(Sandbox *sandbox, Refusal *refusal) {
        int r;

        r = open_timer(sandbox, refusal);
        if (r < 0)
                return r;
        r = make_filter(sandbox);
        if (r < 0)
                return refusal_set(refusal, "Cannot make the system call filter: %s", strerror(-r));
        return 0;
}

/* All descriptors between two that are kept. */
static int close_between(int below, int above) {
        if (below + 1 >= above)
                return 0;
        return close_range((unsigned) below + 1, (unsigned) above - 1, 0);
}

static int close_others(const Sandbox *sandbox) {
        int first = MIN_OF(sandbox->epoll_fd, sandbox->timer_fd);
        int last = MAX_OF(sandbox->epoll_fd, sandbox->timer_fd);

        if (close_between(-1, STDOUT_FILENO) < 0 || close_between(STDOUT_FILENO, first) < 0 ||
            close_between(first, last) < 0)
                return -errno;
        return close_range((unsigned) last + 1, UINT_MAX, 0) < 0 ? -errno : 0;
}

int sandbox_close(const Sandbox *sandbox, Refusal *refusal) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return refusal_set(refusal, "Cannot give up new privileges: %m");
        /* Asked before standard error is gone: a kernel that takes filters misses the program. */
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 && errno != EFAULT)
                return refusal_set(refusal, "Cannot filter system calls: %m");
        if (close_others(sandbox) < 0)
                return refusal_set(refusal, "Cannot close descriptors: %m");
        return 0;
}
