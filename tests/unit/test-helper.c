/* SPDX-License-Identifier: ISC */

/* A helper gets the descriptors that it is to get, wherever they lie in the daemon. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "manager/helper.h"

static void on_ended(void *userdata) {
        sd_event_exit(userdata, 0);
}

/* Descriptors that lie neither where a test wants one nor where a helper does. */
static void pipe_aside(int ends[static 2]) {
        int made[2];

        assert_int_equal(pipe2(made, O_CLOEXEC), 0);
        for (int i = 0; i < 2; i++) {
                ends[i] = fcntl(made[i], F_DUPFD_CLOEXEC, 10);
                assert_true(ends[i] >= 10);
                fd_close(made[i]);
        }
}

/* A pipe with @text in it, to be read from @fd. */
static void read_from(int fd, const char *text) {
        int ends[2];

        pipe_aside(ends);
        assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
        assert_int_equal(dup3(ends[0], fd, O_CLOEXEC), fd);
        fd_close(ends[0]);
        fd_close(ends[1]);
}

/* A pipe to be written to at @fd; returns its other end. */
static int write_to(int fd) {
        int ends[2];

        pipe_aside(ends);
        assert_int_equal(dup3(ends[1], fd, O_CLOEXEC), fd);
        fd_close(ends[1]);
        return ends[0];
}

static void run(const int *fds, size_t n_fds, const char *script) {
        const char *const arguments[] = {"-c", script, NULL};
        HelperSpec spec = {.program = "/bin/sh", .arguments = arguments, .n_fds = n_fds};
        sd_event *event = NULL;

        memcpy(spec.fds, fds, n_fds * sizeof(*fds));
        assert_int_equal(sd_event_new(&event), 0);
        assert_true(helper_start_floating(event, &spec, on_ended, event) > 0);
        assert_int_equal(sd_event_loop(event), 0);
        sd_event_unref(event);
}

/* The descriptors at @in and @out become 0 and 1, or 4 and 3 when they are @high. */
static void check_copied(int in, int out, bool high) {
        char text[16] = "";
        int reading;

        reading = write_to(out);
        read_from(in, "passed");
        if (high)
                run((const int[]){-1, -1, 2, out, in}, 5, "cat <&4 >&3");
        else
                run((const int[]){in, out, 2}, 3, "cat");
        assert_int_equal(close(out), 0);
        assert_int_equal(close(in), 0);
        assert_int_equal(read(reading, text, sizeof(text)), 6);
        assert_string_equal(text, "passed");
        fd_close(reading);
}

static void descriptors_do_not_get_into_each_others_way(void **state) {
        check_copied(70, 71, false);
        check_copied(65, 64, false);
        check_copied(64, 65, false);
        check_copied(67, 66, true);
        check_copied(30, 31, true);
}

/* 3 where 4 is to be, and the other way round. */
static void descriptors_may_lie_where_others_go(void **state) {
        assert_int_equal(fcntl(3, F_GETFD), -1);
        assert_int_equal(fcntl(4, F_GETFD), -1);
        check_copied(3, 4, true);
        check_copied(4, 3, true);
}

static void few_descriptors_are_enough(void **state) {
        struct rlimit limit, small = {.rlim_cur = 32, .rlim_max = 32};

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        small.rlim_max = limit.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
        check_copied(20, 21, false);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* With none left it says so, and leaves no process behind. */
static void without_descriptors_nothing_is_left(void **state) {
        const char *const arguments[] = {"-c", "sleep 100", NULL};
        const HelperSpec spec = {
                .program = "/bin/sh",
                .arguments = arguments,
                .fds = {-1, -1, 2},
                .n_fds = 3,
        };
        struct rlimit limit, none;
        sd_event *event = NULL;
        Helper *helper = NULL;
        int r;

        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        none = limit;
        none.rlim_cur = 3;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        r = helper_start(&helper, event, &spec);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_true(r == -EMFILE || r == -EBADF);
        assert_null(helper);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
        sd_event_unref(event);
}

static int block_children(void **state) {
        sigset_t blocked;

        sigemptyset(&blocked);
        sigaddset(&blocked, SIGCHLD);
        /* What the runner of the tests has left open is not to be met. */
        closefrom(3);
        return sigprocmask(SIG_BLOCK, &blocked, NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(descriptors_do_not_get_into_each_others_way),
                cmocka_unit_test(descriptors_may_lie_where_others_go),
                cmocka_unit_test(few_descriptors_are_enough),
                cmocka_unit_test(without_descriptors_nothing_is_left),
        };

        return cmocka_run_group_tests(tests, block_children, NULL);
}
