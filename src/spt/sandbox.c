/* SPDX-License-Identifier: ISC */

#include <asm/prctl.h>
#include <errno.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
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

/* What the guest waits for. */
static int watch(Sandbox *sandbox, int fd, uint64_t data) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = data};

        return epoll_ctl(sandbox->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_epoll(Sandbox *sandbox, const Manifest *manifest) {
        int r;

        sandbox->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (sandbox->epoll_fd < 0)
                return -errno;
        sandbox->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (sandbox->timer_fd < 0)
                return -errno;
        r = watch(sandbox, sandbox->timer_fd, SPT_TIMER_DATA);
        for (uint32_t i = 1; r == 0 && i < manifest->n_entries; i++)
                if (manifest->entries[i].type == DEVICE_NET)
                        r = watch(sandbox, manifest->entries[i].host_fd, i);
        return r;
}

static int compare_fds(const void *a, const void *b) {
        const int *left = a, *right = b;

        return *left - *right;
}

static void list_fds(Sandbox *sandbox, const Manifest *manifest) {
        sandbox->n_fds = 0;
        sandbox->fds[sandbox->n_fds++] = STDOUT_FILENO;
        sandbox->fds[sandbox->n_fds++] = sandbox->epoll_fd;
        sandbox->fds[sandbox->n_fds++] = sandbox->timer_fd;
        for (uint32_t i = 1; i < manifest->n_entries; i++)
                sandbox->fds[sandbox->n_fds++] = manifest->entries[i].host_fd;
        qsort(sandbox->fds, sandbox->n_fds, sizeof(sandbox->fds[0]), compare_fds);
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

static int allow(scmp_filter_ctx filter, int call, long first_argument) {
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                                SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) first_argument));
}

/* One sector at a time, and none that reaches beyond the end: else a guest would make its file
 * grow. Where between two sectors it begins is the guest's business. */
static int allow_sectors(scmp_filter_ctx filter, int call, const ManifestEntry *entry) {
        return seccomp_rule_add(
                filter, SCMP_ACT_ALLOW, call, 3,
                SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) entry->host_fd),
                SCMP_A2(SCMP_CMP_EQ, entry->block.block_size),
                SCMP_A3(SCMP_CMP_LE, entry->block.capacity - entry->block.block_size));
}

static int allow_device(scmp_filter_ctx filter, const ManifestEntry *entry) {
        int r;

        if (entry->type == DEVICE_NET) {
                r = allow(filter, SCMP_SYS(read), entry->host_fd);
                return r < 0 ? r : allow(filter, SCMP_SYS(write), entry->host_fd);
        }
        r = allow_sectors(filter, SCMP_SYS(pread64), entry);
        return r < 0 ? r : allow_sectors(filter, SCMP_SYS(pwrite64), entry);
}

static int make_filter(Sandbox *sandbox, const Manifest *manifest) {
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
                r = allow(filter, allowed[i].call, allowed[i].first_argument);
        for (uint32_t i = 1; r == 0 && i < manifest->n_entries; i++)
                r = allow_device(filter, &manifest->entries[i]);
        return r < 0 ? r : export(sandbox, filter);
}

int sandbox_prepare(Sandbox *sandbox, const Manifest *manifest, Refusal *refusal) {
        int r;

        /* Asked while there is somebody to tell, since the filter itself comes when standard error
         * is gone. A kernel that would take one finds the program missing. */
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 && errno != EFAULT)
                return refusal_set(refusal, "Cannot filter system calls: %m");
        r = open_epoll(sandbox, manifest);
        if (r < 0)
                return refusal_set(refusal, "Cannot watch what the guest waits for: %s",
                                   strerror(-r));
        list_fds(sandbox, manifest);
        r = make_filter(sandbox, manifest);
        if (r < 0)
                return refusal_set(refusal, "Cannot make the system call filter: %s", strerror(-r));
        return 0;
}

static int close_others(const Sandbox *sandbox) {
        int next = 0;

        for (size_t i = 0; i < sandbox->n_fds; i++) {
                int kept = sandbox->fds[i];

                if (kept > next && close_range((unsigned) next, (unsigned) kept - 1, 0) < 0)
                        return -errno;
                next = kept + 1;
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
