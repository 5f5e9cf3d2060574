/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "launcher/lease.h"
#include "leases-close.h"

/* Nobody's. */
#define FIRST 2000000100U
#define LAST  2000000103U

static char folder[] = "/tmp/test-launcher-lease.XXXXXX";
static Leases leases = LEASES_NONE;

static int setup(void **state) {
        (void) sprintf(folder + sizeof(folder) - 7, "XXXXXX");
        assert_non_null(mkdtemp(folder));
        assert_int_equal(leases_open(&leases, folder, FIRST, LAST), 0);
        return 0;
}

static int teardown(void **state) {
        for (uint32_t uid = FIRST; uid <= LAST; uid++) {
                char path[64];

                (void) snprintf(path, sizeof(path), "%s/%u", folder, uid);
                (void) unlink(path);
        }
        leases_close(&leases);
        assert_int_equal(rmdir(folder), 0);
        return 0;
}

/* What somebody else gets of the file of @uid: -ENOENT, -EBUSY, or a descriptor with the lock. */
static int lock_as_another(uint32_t uid, int flags) {
        char path[64];
        int fd;

        (void) snprintf(path, sizeof(path), "%s/%u", folder, uid);
        fd = open(path, O_RDWR | O_CLOEXEC | flags, 0600);
        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
                return fd;
        close(fd);
        return -EBUSY;
}

static void locks_while_anybody_needs_the_uid(void **state) {
        assert_int_equal(lease_take_probe(&leases, FIRST), 0);
        assert_int_equal(lease_take_probe(&leases, FIRST), 0);
        assert_int_equal(lease_take_tender(&leases, FIRST), 0);
        lease_give_probe(&leases, FIRST);
        assert_int_equal(lock_as_another(FIRST, 0), -EBUSY);
        lease_give_probe(&leases, FIRST);
        assert_int_equal(lock_as_another(FIRST, 0), -EBUSY);
        lease_give_tender(&leases, FIRST);
        assert_int_equal(lock_as_another(FIRST, 0), -ENOENT);
        assert_int_equal(lease_lock_fd(&leases, FIRST), -1);
}

static void refuses_uids_outside_the_range(void **state) {
        static const uint32_t uids[] = {0, FIRST - 1, LAST + 1, UINT32_MAX};

        for (size_t i = 0; i < N_ELEMENTS(uids); i++) {
                assert_int_equal(lease_take_tender(&leases, uids[i]), -EPERM);
                assert_int_equal(lease_take_probe(&leases, uids[i]), -EPERM);
                assert_int_equal(lease_run_tender(&leases, uids[i]), -EPERM);
                assert_int_equal(lease_adopt(&leases, uids[i], 0), -EPERM);
                assert_int_equal(lease_lock_fd(&leases, uids[i]), -1);
                lease_give_probe(&leases, uids[i]);
                lease_give_tender(&leases, uids[i]);
        }
        assert_int_equal(lease_take_tender(&leases, LAST), 0);
}

static void leaves_alone_what_somebody_else_has_locked(void **state) {
        int fd = lock_as_another(FIRST, O_CREAT);

        assert_true(fd >= 0);
        assert_int_equal(lease_take_tender(&leases, FIRST), -EBUSY);
        assert_int_equal(lease_take_probe(&leases, FIRST), -EBUSY);
        close(fd);
        assert_int_equal(lease_take_probe(&leases, FIRST), 0);
        assert_int_equal(lock_as_another(FIRST, 0), -EBUSY);
}

static void takes_over_a_file_that_was_left_behind(void **state) {
        close(lock_as_another(FIRST, O_CREAT));
        assert_int_equal(lease_take_tender(&leases, FIRST), 0);
        assert_int_equal(lock_as_another(FIRST, 0), -EBUSY);
}

static void need_root(void) {
        if (geteuid() == 0)
                return;
        print_message("skipped: who runs as another uid can be found out by root only\n");
        skip();
}

static void removes_files_that_were_left_behind(void **state) {
        int fd;

        need_root();
        fd = lock_as_another(FIRST + 1, O_CREAT);
        close(lock_as_another(FIRST, O_CREAT));
        assert_true(fd >= 0);
        assert_int_equal(lease_take_probe(&leases, FIRST + 2), 0);
        assert_int_equal(leases_take_over(&leases), 0);
        assert_int_equal(lock_as_another(FIRST, 0), -ENOENT);
        assert_int_equal(lock_as_another(FIRST + 1, 0), -EBUSY);
        assert_int_equal(lock_as_another(FIRST + 2, 0), -EBUSY);
        assert_int_equal(lock_as_another(LAST, 0), -ENOENT);
        assert_int_equal(lease_take_tender(&leases, FIRST), 0);
        close(fd);
}

static pid_t start_as(uint32_t uid) {
        int ready[2];
        char byte;
        pid_t pid;

        assert_int_equal(pipe(ready), 0);
        pid = fork();
        if (pid == 0) {
                if (setresuid(uid, uid, uid) == 0 && write(ready[1], "", 1) == 1)
                        pause();
                _exit(1);
        }
        assert_true(pid > 0);
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        return pid;
}

static void keeps_what_others_run_as_until_that_is_gone(void **state) {
        pid_t pid;

        need_root();
        pid = start_as(FIRST);
        close(lock_as_another(FIRST, O_CREAT));
        close(lock_as_another(LAST, O_CREAT));
        assert_int_equal(leases_take_over(&leases), 0);
        assert_int_equal(lock_as_another(FIRST, 0), -EBUSY);
        assert_int_equal(lock_as_another(LAST, 0), -ENOENT);
        assert_int_equal(lease_take_tender(&leases, FIRST), -EBUSY);
        assert_int_equal(lease_take_probe(&leases, FIRST), -EBUSY);
        assert_int_equal(lease_run_tender(&leases, FIRST), -EPERM);

        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        assert_int_equal(lease_give_left(&leases, FIRST), 0);
        assert_int_equal(lock_as_another(FIRST, 0), -ENOENT);
        assert_int_equal(lease_give_left(&leases, FIRST), -ENOENT);
        assert_int_equal(lease_take_tender(&leases, FIRST), 0);
        assert_int_equal(lease_give_left(&leases, FIRST), -ENOENT);
        assert_int_equal(lock_as_another(FIRST, 0), -EBUSY);
}

static void follows_no_link(void **state) {
        char path[64];

        (void) snprintf(path, sizeof(path), "%s/%u", folder, FIRST);
        assert_int_equal(symlink("/dev/null", path), 0);
        assert_int_equal(lease_take_tender(&leases, FIRST), -ELOOP);
}

static void has_one_tender_for_each_uid(void **state) {
        assert_int_equal(lease_take_tender(&leases, FIRST), 0);
        assert_int_equal(lease_take_tender(&leases, FIRST), -EBUSY);
        assert_int_equal(lease_run_tender(&leases, FIRST), 0);
        assert_int_equal(lease_take_tender(&leases, FIRST), -EBUSY);
        assert_int_equal(lease_take_tender(&leases, FIRST + 1), 0);
}

static void runs_no_probe_beside_a_running_tender(void **state) {
        assert_int_equal(lease_run_tender(&leases, FIRST), -EPERM);
        assert_int_equal(lease_take_probe(&leases, FIRST), 0);
        assert_int_equal(lease_take_tender(&leases, FIRST), 0);
        assert_int_equal(lease_run_tender(&leases, FIRST), -EBUSY);
        lease_give_probe(&leases, FIRST);
        assert_int_equal(lease_run_tender(&leases, FIRST), 0);
        assert_int_equal(lease_take_probe(&leases, FIRST), -EBUSY);
        lease_give_tender(&leases, FIRST);
        assert_int_equal(lease_take_probe(&leases, FIRST), 0);
}

static void gives_back_only_what_was_taken(void **state) {
        assert_int_equal(lease_take_tender(&leases, FIRST), 0);
        lease_give_probe(&leases, FIRST);
        assert_int_equal(lock_as_another(FIRST, 0), -EBUSY);
        lease_give_tender(&leases, FIRST);
        lease_give_tender(&leases, FIRST);
        assert_int_equal(lock_as_another(FIRST, 0), -ENOENT);
}

static void adopts_a_lock_and_keeps_it(void **state) {
        int fd = lock_as_another(FIRST, O_CREAT);

        assert_true(fd >= 0);
        assert_int_equal(lease_adopt(&leases, FIRST, fd), 0);
        assert_int_equal(lease_adopt(&leases, FIRST, fd), 0);
        assert_int_equal(lease_take_tender(&leases, FIRST), 0);
        assert_int_equal(lease_take_probe(&leases, FIRST), 0);
        assert_int_equal(lease_lock_fd(&leases, FIRST), fd);
        lease_give_tender(&leases, FIRST);
        assert_int_equal(lock_as_another(FIRST, 0), -EBUSY);
        lease_give_probe(&leases, FIRST);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void needs_its_folder_and_a_range(void **state) {
        Leases other = LEASES_NONE;

        assert_int_equal(leases_open(&other, "/nonexistent", FIRST, LAST), -ENOENT);
        assert_int_equal(leases_open(&other, "/dev/null", FIRST, LAST), -ENOTDIR);
        assert_int_equal(leases_open(&other, folder, 0, LAST), -EINVAL);
        assert_int_equal(leases_open(&other, folder, LAST, FIRST), -EINVAL);
        assert_int_equal(other.folder_fd, -1);
        leases_close(&other);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(locks_while_anybody_needs_the_uid),
                TEST(refuses_uids_outside_the_range),
                TEST(leaves_alone_what_somebody_else_has_locked),
                TEST(takes_over_a_file_that_was_left_behind),
                TEST(removes_files_that_were_left_behind),
                TEST(keeps_what_others_run_as_until_that_is_gone),
                TEST(follows_no_link),
                TEST(has_one_tender_for_each_uid),
                TEST(runs_no_probe_beside_a_running_tender),
                TEST(gives_back_only_what_was_taken),
                TEST(adopts_a_lock_and_keeps_it),
                TEST(needs_its_folder_and_a_range),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
