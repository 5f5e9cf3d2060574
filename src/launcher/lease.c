/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "launcher/lease.h"

typedef struct LockName {
        char text[sizeof("4294967295")];
} LockName;

static LockName lock_name(uint32_t uid) {
        LockName name;

        (void) snprintf(name.text, sizeof(name.text), "%u", uid);
        return name;
}

int leases_open(Leases *leases, const char *folder, uint32_t first, uint32_t last) {
        _cleanup_(fd_closep) int folder_fd = -1;
        size_t n = (size_t) last - first + 1;
        Lease *array;

        if (first == 0 || first > last)
                return -EINVAL;
        folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (folder_fd < 0)
                return -errno;
        array = calloc(n, sizeof(*array));
        if (!array)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                array[i].lock_fd = -1;

        *leases = (Leases){
                .folder_fd = TAKE_FD(folder_fd),
                .first = first,
                .last = last,
                .leases = array,
        };
        return 0;
}

static Lease *lease_find(const Leases *leases, uint32_t uid) {
        if (uid < leases->first || uid > leases->last)
                return NULL;
        return leases->leases + (uid - leases->first);
}

/* Whoever gives a lock back unlinks its file while still holding it. So a lock that was taken on a
 * file which has no name any more is worth nothing, and the next try meets another file. */
static int lock_take(int folder_fd, uint32_t uid, int flags, int *ret) {
        LockName name = lock_name(uid);

        for (;;) {
                _cleanup_(fd_closep) int fd = -1;
                struct stat st;

                fd = openat(folder_fd, name.text,
                            flags | O_RDWR | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
                if (fd < 0)
                        return -errno;
                if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                        return errno == EWOULDBLOCK ? -EBUSY : -errno;
                if (fstat(fd, &st) < 0)
                        return -errno;
                if (st.st_nlink > 0) {
                        *ret = TAKE_FD(fd);
                        return 0;
                }
        }
}

static int lease_lock(const Leases *leases, uint32_t uid, Lease *lease) {
        if (lease->lock_fd >= 0)
                return 0;
        return lock_take(leases->folder_fd, uid, O_CREAT, &lease->lock_fd);
}

static void lease_unlock_if_unused(const Leases *leases, uint32_t uid, Lease *lease) {
        if (lease->n_probes > 0 || lease->tender != LEASE_NO_TENDER)
                return;
        /* In this order, see lock_take(). */
        (void) unlinkat(leases->folder_fd, lock_name(uid).text, 0);
        lease->lock_fd = fd_close(lease->lock_fd);
}

int lease_take_tender(Leases *leases, uint32_t uid) {
        Lease *lease = lease_find(leases, uid);
        int r;

        if (!lease)
                return -EPERM;
        if (lease->tender != LEASE_NO_TENDER)
                return -EBUSY;
        r = lease_lock(leases, uid, lease);
        if (r < 0)
                return r;
        lease->tender = LEASE_WAITING;
        return 0;
}

int lease_take_probe(Leases *leases, uint32_t uid) {
        Lease *lease = lease_find(leases, uid);
        int r;

        if (!lease)
                return -EPERM;
        if (lease->tender == LEASE_RUNNING || lease->tender == LEASE_LEFT)
                return -EBUSY;
        r = lease_lock(leases, uid, lease);
        if (r < 0)
                return r;
        lease->n_probes++;
        return 0;
}

int lease_run_tender(Leases *leases, uint32_t uid) {
        Lease *lease = lease_find(leases, uid);

        if (!lease || lease->tender == LEASE_NO_TENDER || lease->tender == LEASE_LEFT)
                return -EPERM;
        if (lease->n_probes > 0)
                return -EBUSY;
        lease->tender = LEASE_RUNNING;
        return 0;
}

void lease_give_tender(Leases *leases, uint32_t uid) {
        Lease *lease = lease_find(leases, uid);

        if (!lease || lease->tender == LEASE_NO_TENDER)
                return;
        lease->tender = LEASE_NO_TENDER;
        lease_unlock_if_unused(leases, uid, lease);
}

void lease_give_probe(Leases *leases, uint32_t uid) {
        Lease *lease = lease_find(leases, uid);

        if (!lease || lease->n_probes == 0)
                return;
        lease->n_probes--;
        lease_unlock_if_unused(leases, uid, lease);
}

int lease_give_left(Leases *leases, uint32_t uid) {
        Lease *lease = lease_find(leases, uid);

        if (!lease || lease->tender != LEASE_LEFT)
                return -ENOENT;
        lease_give_tender(leases, uid);
        return 0;
}

int lease_lock_fd(const Leases *leases, uint32_t uid) {
        const Lease *lease = lease_find(leases, uid);

        return lease ? lease->lock_fd : -1;
}

int lease_adopt(Leases *leases, uint32_t uid, int lock_fd) {
        Lease *lease = lease_find(leases, uid);

        if (!lease)
                return -EPERM;
        /* Several children share one lock, and each of their records names it. */
        if (lease->lock_fd >= 0 && lease->lock_fd != lock_fd)
                fd_close(lock_fd);
        if (lease->lock_fd < 0)
                lease->lock_fd = lock_fd;
        return 0;
}

/* --- what an earlier launcher has left --- */

/* Whether anything runs as @uid besides this process shows where it is the only one that may: can
 * there be a second? Runs in a process of its own, since whoever @uid is may kill it meanwhile. */
static bool uid_is_in_use(uint32_t uid) {
        pid_t second = -1;

        if (setresuid(uid, uid, 0) == 0)
                second = fork();
        if (second == 0)
                _exit(0);
        if (second > 0)
                (void) waitpid(second, NULL, 0);
        return setresuid(0, 0, 0) < 0 || second < 0;
}

/* One byte for each that is left, in their order. */
static _Noreturn void tell_uses(const Leases *leases, int fd) {
        const struct rlimit this_and_a_second = {2, 2};

        if (setrlimit(RLIMIT_NPROC, &this_and_a_second) < 0)
                _exit(1);
        for (uint32_t uid = leases->first; uid <= leases->last; uid++) {
                char in_use;

                if (lease_find(leases, uid)->tender != LEASE_LEFT)
                        continue;
                in_use = uid_is_in_use(uid);
                if (write(fd, &in_use, 1) != 1)
                        break;
        }
        _exit(0);
}

static void give_unused(Leases *leases, int fd) {
        for (uint32_t uid = leases->first; uid <= leases->last; uid++) {
                char in_use;

                if (lease_find(leases, uid)->tender != LEASE_LEFT)
                        continue;
                /* Whoever was to tell has been killed: nothing is given that might be in use. */
                if (read(fd, &in_use, 1) != 1)
                        return;
                if (!in_use)
                        (void) lease_give_left(leases, uid);
        }
}

/* Returns how many there are. */
static unsigned take_left(Leases *leases) {
        unsigned n_left = 0;

        for (uint32_t uid = leases->first; uid <= leases->last; uid++) {
                Lease *lease = lease_find(leases, uid);

                if (lease->lock_fd >= 0 ||
                    lock_take(leases->folder_fd, uid, 0, &lease->lock_fd) < 0)
                        continue;
                lease->tender = LEASE_LEFT;
                n_left++;
        }
        return n_left;
}

int leases_take_over(Leases *leases) {
        int ends[2];
        pid_t pid;

        if (take_left(leases) == 0)
                return 0;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        pid = fork();
        if (pid == 0)
                tell_uses(leases, ends[1]);
        fd_close(ends[1]);
        if (pid > 0) {
                give_unused(leases, ends[0]);
                (void) waitpid(pid, NULL, 0);
        }
        fd_close(ends[0]);
        return pid < 0 ? -EAGAIN : 0;
}
