/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "image/confine.h"

static void filter_release(scmp_filter_ctx *filter) {
        if (*filter)
                seccomp_release(*filter);
}

/* What malloc() and exit() need; restart_syscall continues a poll() after SIGSTOP and SIGCONT. */
static int allow_memory(scmp_filter_ctx filter) {
        static const int calls[] = {
                SCMP_SYS(brk),        SCMP_SYS(munmap),          SCMP_SYS(mremap),
                SCMP_SYS(exit_group), SCMP_SYS(restart_syscall),
        };
        int r;

        for (size_t i = 0; i < N_ELEMENTS(calls); i++) {
                r = seccomp_rule_add_exact(filter, SCMP_ACT_ALLOW, calls[i], 0);
                if (r < 0)
                        return r;
        }
        return seccomp_rule_add_exact(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                                      SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                      SCMP_A3_64(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
}

static int allow(scmp_filter_ctx filter, const ConfineRule *rule) {
        const struct scmp_arg_cmp which[] = {
                SCMP_A0_32(SCMP_CMP_EQ, (unsigned) rule->fd),
                SCMP_A2_32(SCMP_CMP_EQ, STDOUT_FILENO), /* where splice() writes to */
        };
        unsigned n = rule->syscall == SCMP_SYS(splice) ? 2 : 1;

        return seccomp_rule_add_exact_array(filter, SCMP_ACT_ALLOW, rule->syscall,
                                            rule->fd < 0 ? 0 : n, which);
}

int confine(const ConfineRule *rules, size_t n_rules) {
        _cleanup_(filter_release) scmp_filter_ctx filter = NULL;
        int r;

        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;

        filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
        /* Inside a service whose own filter forbids seccomp() itself (@system-service of systemd
         * 252) only prctl() is left, and libseccomp can't ask what the kernel knows. With a
         * single thread the older action does the same. */
        if (!filter)
                filter = seccomp_init(SCMP_ACT_KILL_THREAD);
        if (!filter)
                return -ENOMEM;
        r = allow_memory(filter);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n_rules; i++) {
                r = allow(filter, &rules[i]);
                if (r < 0)
                        return r;
        }
        return seccomp_load(filter);
}
