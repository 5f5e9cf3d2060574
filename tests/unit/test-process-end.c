/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "host/process-end.h"

/* A child that waits for its signal. */
static pid_t begin(int *ret_fd) {
        pid_t pid = fork();

        if (pid == 0) {
                for (;;)
                        pause();
        }
        assert_true(pid > 0);
        *ret_fd = pidfd_open(pid, 0);
        assert_true(*ret_fd >= 0);
        return pid;
}

static void end(pid_t pid, int fd, int signal_number) {
        struct pollfd ended = {.fd = fd, .events = POLLIN};

        assert_int_equal(kill(pid, signal_number), 0);
        assert_int_equal(poll(&ended, 1, 10000), 1);
}

/* The kernel may be one that has none of this: then it says so, and nothing is made up. */
static void it_is_known_when_it_was_collected(void **state) {
        _cleanup_(fd_closep) int fd = -1;
        int wait_status, told = 7, r;
        pid_t pid = begin(&fd);

        assert_true(process_end(fd, &told) <= 0);
        end(pid, fd, SIGTERM);
        r = process_end(fd, &told);
        assert_true(r <= 0);
        assert_int_equal(told, 7);
        assert_int_equal(waitpid(pid, &wait_status, 0), pid);
        r = process_end(fd, &told);
        if (r != 1) {
                assert_true(r == -ENOTTY || r == -EINVAL || r == -ESRCH);
                assert_int_equal(told, 7);
                skip();
        }
        assert_int_equal(told, wait_status);
        assert_int_equal(WTERMSIG(told), SIGTERM);
}

static void another_descriptor_tells_nothing(void **state) {
        _cleanup_(fd_closep) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        int told = 7;

        assert_int_equal(process_end(fd, &told), -ENOTTY);
        assert_int_equal(process_end(-1, &told), -EBADF);
        assert_int_equal(told, 7);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_is_known_when_it_was_collected),
                cmocka_unit_test(another_descriptor_tells_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
