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

static void filter_releasep(scmp_filter_ctx *filter) {
        if (*filter)
                seccomp_release(*filter);
}

static int open_timer(Sandbox *sandbox) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = SPT_TIMER_DATA};

        sandbox->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (sandbox->epoll_fd < 0)
                return -errno;
        sandbox->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (sandbox->timer_fd < 0)
                return -errno;
        return epoll_ctl(sandbox->epoll_fd, EPOLL_CTL_ADD, sandbox->timer_fd, &event) < 0 ? -errno
                                                                                          : 0;
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
        _cleanup_(filter_releasep) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
        const struct {
                int call;
                long first_argument;
        } allowed[] = {
                {SCMP_SYS(write), STDOUT_FILENO},
                {SCMP_SYS(epoll_pwait), sandbox->epoll_fd},
                {SCMP_SYS(timerfd_settime), sandbox->timer_fd},
                {SCMP_SYS(clock_gettime), CLOCK_MONOTONIC},
                {SCMP_SYS(clock_gettime), CLOCK_REALTIME},
                {SCMP_SYS(arch_prctl), ARCH_SET_FS},
        };
        int r;

        if (!filter)
                return -ENOMEM;
        /* Calls of another architecture, by int 0x80, end it likewise. */
        r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(exit_group), 0);
        for (size_t i = 0; r == 0 && i < N_ELEMENTS(allowed); i++)
                r = seccomp_rule_add(
                        filter, SCMP_ACT_ALLOW, allowed[i].call, 1,
                        SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) allowed[i].first_argument));
        return r < 0 ? r : export(sandbox, filter);
}

int sandbox_prepare(Sandbox *sandbox, Refusal *refusal) {
        int r;

        /* Asked while there is somebody to tell, since the filter itself comes when standard error
         * is gone. A kernel that would take one finds the program missing. */
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 && errno != EFAULT)
                return refusal_set(refusal, "Cannot filter system calls: %m");
        r = open_timer(sandbox);
        if (r < 0)
                return refusal_set(refusal, "Cannot make the guest's timer: %s", strerror(-r));
        r = make_filter(sandbox);
        if (r < 0)
                return refusal_set(refusal, "Cannot make the system call filter: %s", strerror(-r));
        return 0;
}

static int close_others(const Sandbox *sandbox) {
        const int kept[] = {
                STDOUT_FILENO,
                MIN_OF(sandbox->epoll_fd, sandbox->timer_fd),
                MAX_OF(sandbox->epoll_fd, sandbox->timer_fd),
        };
        int next = 0;

        for (size_t i = 0; i < N_ELEMENTS(kept); i++) {
                if (kept[i] > next && close_range((unsigned) next, (unsigned) kept[i] - 1, 0) < 0)
                        return -errno;
                next = kept[i] + 1;
        }
        return close_range((unsigned) next, UINT_MAX, 0) < 0 ? -errno : 0;
}

int sandbox_close(const Sandbox *sandbox, Refusal *refusal) {
        int r;

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return refusal_set(refusal, "Cannot give up new privileges: %m");
        r = close_others(sandbox);
        if (r < 0)
                return refusal_set(refusal, "Cannot close descriptors: %s", strerror(-r));
        return 0;
}
