/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "launcher/confine.h"

#define MIB (UINT64_C(1024) * 1024)

typedef struct Limit {
        int resource;
        rlim_t value;
} Limit;

/* A guest's memory is bounded by its scope, not here. Eight processes are what its slice allows
 * for it too: KVM runs a thread of its own in the tender's name, solo5-hvt one for its network. */
static const Limit tender_limits[] = {
        {RLIMIT_CORE, 0},
        {RLIMIT_NOFILE, 256},
        {RLIMIT_NPROC, 8},
};

/* A probe reads hostile input outside any scope. It can't fork, so nothing survives its end. Its
 * private memory is bounded closer than its address space, since it may map the image that it
 * reads. Time is bounded by its deadline; what it may write, by the descriptors it was given. */
static const Limit probe_limits[] = {
        {RLIMIT_CORE, 0},         {RLIMIT_NOFILE, 16},     {RLIMIT_NPROC, 1},
        {RLIMIT_DATA, 256 * MIB}, {RLIMIT_AS, 1024 * MIB}, {RLIMIT_MEMLOCK, 0},
        {RLIMIT_MSGQUEUE, 0},
};

void confine_oom_score(void) {
        static const char score[] = "100";
        int fd;

        fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return;
        (void) !write(fd, score, sizeof(score) - 1);
        fd_close(fd);
}

static int check_group(uint32_t gid) {
        struct stat st;

        if (gid == 0)
                return 0;
        if (stat("/dev/kvm", &st) < 0)
                return -errno;
        return st.st_gid == gid ? 0 : -EPERM;
}

/* Where CAP_SETPCAP is missing, as in our own service, the bounding set stays what it is. That is
 * no gap: it bounds what an exec may add, and with no_new_privs an exec adds nothing. */
static void drop_bounding_set(void) {
        for (int i = 0; prctl(PR_CAPBSET_READ, i) >= 0; i++)
                if (prctl(PR_CAPBSET_DROP, i) < 0)
                        return;
}

static int drop_capabilities(void) {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

        /* The change of uid has emptied the permitted and the effective set unless somebody set
         * securebits that prevent it; the inheritable and the ambient set are another matter. */
        if (syscall(SYS_capset, &header, none) < 0)
                return -errno;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return -errno;
        return 0;
}

int confine_identity(uint32_t uid, uint32_t gid) {
        const gid_t groups[] = {gid};
        int r;

        r = check_group(gid);
        if (r < 0)
                return r;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        drop_bounding_set();
        if (setgroups(gid != 0, groups) < 0)
                return -errno;
        if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
                return -errno;
        return drop_capabilities();
}

int confine_limits(ChildKind kind) {
        const Limit *limits = kind == CHILD_TENDER ? tender_limits : probe_limits;
        size_t n = kind == CHILD_TENDER ? N_ELEMENTS(tender_limits) : N_ELEMENTS(probe_limits);

        for (size_t i = 0; i < n; i++) {
                struct rlimit limit;

                /* What is lower already stays so; raising it would need a capability. */
                if (getrlimit(limits[i].resource, &limit) < 0)
                        return -errno;
                limit.rlim_max = MIN_OF(limit.rlim_max, limits[i].value);
                limit.rlim_cur = MIN_OF(limit.rlim_cur, limits[i].value);
                if (setrlimit(limits[i].resource, &limit) < 0)
                        return -errno;
        }
        return 0;
}
