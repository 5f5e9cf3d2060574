/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "systemd/console-confine.h"

static void filter_release(scmp_filter_ctx *filter) {
        if (*filter)
                seccomp_release(*filter);
}

/* What reading a journal takes, that comes and goes while it is followed. */
static int allow_reading(scmp_filter_ctx filter) {
        static const int calls[] = {
                SCMP_SYS(access),
                SCMP_SYS(brk),
                SCMP_SYS(clock_gettime),
                SCMP_SYS(close),
                SCMP_SYS(exit_group),
                SCMP_SYS(faccessat2),
                SCMP_SYS(fcntl),
                SCMP_SYS(fstat),
                SCMP_SYS(fstatfs),
                SCMP_SYS(futex),
                SCMP_SYS(getdents64),
                SCMP_SYS(getpid),
                SCMP_SYS(getrandom),
                SCMP_SYS(gettid),
                SCMP_SYS(inotify_init1),
                SCMP_SYS(inotify_add_watch),
                SCMP_SYS(inotify_rm_watch),
                SCMP_SYS(lseek),
                SCMP_SYS(madvise),
                SCMP_SYS(mremap),
                SCMP_SYS(munmap),
                SCMP_SYS(newfstatat),
                SCMP_SYS(poll),
                SCMP_SYS(ppoll),
                SCMP_SYS(pread64),
                SCMP_SYS(read),
                SCMP_SYS(readlinkat),
                SCMP_SYS(recvfrom),
                SCMP_SYS(recvmsg),
                SCMP_SYS(restart_syscall),
                SCMP_SYS(sendto),
                SCMP_SYS(statfs),
        };
        int r;

        for (size_t i = 0; i < N_ELEMENTS(calls); i++) {
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int allow_some(scmp_filter_ctx filter) {
        const unsigned writing = O_ACCMODE | O_CREAT | O_TRUNC | O_PATH;
        int r;

        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                             SCMP_A2_32(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
        if (r >= 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                     SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        if (r >= 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                                     SCMP_A0_32(SCMP_CMP_EQ, STDOUT_FILENO));
        if (r >= 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                                     SCMP_A0_32(SCMP_CMP_EQ, STDERR_FILENO));
        return r;
}

int console_confine(void) {
        _cleanup_(filter_release) scmp_filter_ctx filter = NULL;
        int r;

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;

        /* A call that is not allowed fails, rather than to kill: libsystemd and its compressors
         * are not ours, and a call that a later release tries first has a fallback. */
        filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        if (!filter)
                return -ENOMEM;
        r = allow_reading(filter);
        if (r < 0)
                return r;
        r = allow_some(filter);
        if (r < 0)
                return r;
        return seccomp_load(filter);
}
