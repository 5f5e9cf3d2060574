/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "intake-run.h"

static void run_child(const char *const argv[], const int fds[static 3]) {
        char path[4096];
        char *copies[8] = {};
        char *environment[] = {NULL};

        snprintf(path, sizeof(path), "%s/%s", getenv("ALBATROSS_INTAKE"), argv[0]);
        for (size_t i = 0; argv[i] && i < N_ELEMENTS(copies) - 1; i++)
                copies[i] = strdup(argv[i]);
        /* First out of the way of 0 to 2, then there. */
        for (int i = 0, moved[3]; i < 3; i++) {
                moved[i] = fcntl(fds[i], F_DUPFD, 10);
                if (i == 2)
                        for (int k = 0; k < 3; k++)
                                dup2(moved[k], k);
        }
        closefrom(3);
        execve(path, copies, environment);
        _exit(127);
}

IntakeRun intake_start(const char *const argv[], int in, int out) {
        IntakeRun run = {};
        int report[2];

        assert_non_null(getenv("ALBATROSS_INTAKE"));
        assert_int_equal(pipe2(report, O_CLOEXEC), 0);
        run.pid = fork();
        assert_true(run.pid >= 0);
        if (run.pid == 0)
                run_child(argv, (const int[]){in, out, report[1]});
        fd_close(report[1]);
        run.report_fd = report[0];
        return run;
}

int intake_wait(IntakeRun run, void *report, size_t size, size_t *ret_size) {
        size_t n_all = 0;
        int status;

        for (;;) {
                ssize_t n = read(run.report_fd, (char *) report + n_all, size - n_all);

                assert_true(n >= 0);
                if (n == 0)
                        break;
                n_all += (size_t) n;
        }
        fd_close(run.report_fd);
        assert_int_equal(waitpid(run.pid, &status, 0), run.pid);
        *ret_size = n_all;
        return status;
}

int intake_run(const char *const argv[], int in, int out, void *report, size_t size) {
        size_t arrived;
        int status;

        status = intake_wait(intake_start(argv, in, out), report, size, &arrived);
        assert_true(WIFEXITED(status));
        assert_int_equal(arrived, size);
        return WEXITSTATUS(status);
}

int intake_file(const void *data, size_t size) {
        char path[] = "/tmp/albatross-test-XXXXXX";
        int fd;

        fd = mkostemp(path, O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(file_write_all(fd, data, size), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}
