/* SPDX-License-Identifier: ISC */

/* albatross-inflate as it is run: which descriptors it reads, and how it ends. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "image/wire.h"
#include "intake-run.h"

static const char *const arguments[] = {"albatross-inflate", "1000000", NULL};

static int inflate_fd(int in, InflateReport *report) {
        _cleanup_(fd_closep) int out = intake_file("", 0);

        memset(report, 0xff, sizeof(*report));
        return intake_run(arguments, in, out, report, sizeof(*report));
}

static void expect_reason(int in, const char *reason) {
        InflateReport report;

        assert_int_equal(inflate_fd(in, &report), 1);
        assert_int_equal(report.header.version, IMAGE_WIRE_VERSION);
        assert_int_equal(report.header.error, -EBADMSG);
        assert_string_equal(report.header.reason, reason);
        assert_int_equal(report.size, 0);
}

static void inflates_a_file_to_its_output(void **state) {
        static uint8_t data[500000], packed[600000], back[500001];
        _cleanup_(fd_closep) int in = -1, out = intake_file("", 0);
        uLongf size = sizeof(packed);
        InflateReport report;

        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (uint8_t) (i * 7 >> 3);
        assert_int_equal(compress(packed, &size, data, sizeof(data)), Z_OK);
        in = intake_file(packed, size);

        assert_int_equal(intake_run(arguments, in, out, &report, sizeof(report)), 0);
        assert_int_equal(report.header.error, 0);
        assert_string_equal(report.header.reason, "");
        assert_int_equal(report.format, INFLATE_ZLIB);
        assert_int_equal(report.size, sizeof(data));
        assert_int_equal(pread(out, back, sizeof(back), 0), sizeof(data));
        assert_memory_equal(back, data, sizeof(data));
}

static void reads_from_where_the_descriptor_stands(void **state) {
        _cleanup_(fd_closep) int in = intake_file("abcdef", 6);
        InflateReport report;

        assert_int_equal(lseek(in, 4, SEEK_SET), 4);
        assert_int_equal(inflate_fd(in, &report), 0);
        assert_int_equal(report.size, 2);
}

static void takes_pipes_and_sockets_non_blocking_ones_too(void **state) {
        static const int modes[] = {0, O_NONBLOCK};
        InflateReport report;

        for (size_t i = 0; i < N_ELEMENTS(modes); i++)
                for (int kind = 0; kind < 2; kind++) {
                        _cleanup_(fd_closep) int out = intake_file("", 0);
                        IntakeRun run;
                        size_t size;
                        int fds[2];

                        if (kind == 0)
                                assert_int_equal(pipe2(fds, O_CLOEXEC | modes[i]), 0);
                        else
                                assert_int_equal(socketpair(AF_UNIX,
                                                            SOCK_STREAM | SOCK_CLOEXEC |
                                                                    (modes[i] ? SOCK_NONBLOCK : 0),
                                                            0, fds),
                                                 0);
                        run = intake_start(arguments, fds[0], out);
                        /* It finds nothing at first, then a byte, then the rest. */
                        usleep(20000);
                        assert_int_equal(write(fds[1], "p", 1), 1);
                        usleep(20000);
                        assert_int_equal(write(fds[1], "lain", 4), 4);
                        close(fds[1]);
                        assert_int_equal(intake_wait(run, &report, sizeof(report), &size), 0);
                        assert_int_equal(size, sizeof(report));
                        assert_int_equal(report.size, 5);
                        close(fds[0]);
                }
}

static void refuses_descriptors_that_were_not_opened_for_reading(void **state) {
        char path[] = "/tmp/albatross-test-XXXXXX";
        _cleanup_(fd_closep) int fd = mkostemp(path, O_CLOEXEC), other = -1;
        int fds[2];

        assert_int_equal(file_write_all(fd, "secret", 6), 0);
        other = open(path, O_WRONLY | O_CLOEXEC);
        expect_reason(other, "The descriptor was opened for writing, not for reading");
        fd_close(other);
        other = open(path, O_PATH | O_CLOEXEC);
        expect_reason(other, "The descriptor was opened with O_PATH, not for reading");
        fd_close(other);
        /* Neither reading nor writing: for ioctls only. */
        other = open(path, O_ACCMODE | O_CLOEXEC);
        expect_reason(other, "The descriptor was opened for writing, not for reading");
        assert_int_equal(unlink(path), 0);

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        expect_reason(fds[1], "The descriptor was opened for writing, not for reading");
        close(fds[0]);
        close(fds[1]);
}

static void refuses_directories_and_devices(void **state) {
        _cleanup_(fd_closep) int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(fd_closep) int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

        expect_reason(directory, "The descriptor is a directory, not a file, a pipe or a socket");
        expect_reason(zero, "The descriptor is a character device, not a file, a pipe or a socket");
}

static void refuses_a_socket_that_nobody_is_connected_to(void **state) {
        _cleanup_(fd_closep) int in = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        expect_reason(in, "The data can't be read: Invalid argument");
}

static void refuses_a_pipe_that_never_ends_at_the_limit(void **state) {
        static uint8_t zeros[65536];
        _cleanup_(fd_closep) int out = intake_file("", 0);
        InflateReport report;
        IntakeRun run;
        uint64_t n_written = 0;
        size_t size;
        int fds[2], status;

        signal(SIGPIPE, SIG_IGN);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        run = intake_start(arguments, fds[0], out);
        close(fds[0]);
        for (ssize_t n; (n = write(fds[1], zeros, sizeof(zeros))) > 0;)
                n_written += (uint64_t) n;
        assert_int_equal(errno, EPIPE);
        close(fds[1]);

        status = intake_wait(run, &report, sizeof(report), &size);
        assert_int_equal(size, sizeof(report));
        assert_int_equal(WEXITSTATUS(status), 1);
        assert_int_equal(report.header.error, -EFBIG);
        assert_string_equal(report.header.reason,
                            "The data is larger than the 1000000 bytes allowed");
        assert_true(report.size <= 1000000);
        assert_true(n_written < 3000000);
}

static void ends_when_nobody_reads_its_output(void **state) {
        InflateReport report;
        IntakeRun run;
        size_t size;
        int in[2], out[2], status;

        /* While it waits for a silent client ... */
        assert_int_equal(pipe2(in, O_CLOEXEC), 0);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        run = intake_start(arguments, in[0], out[1]);
        close(out[1]);
        usleep(20000);
        close(out[0]);
        status = intake_wait(run, &report, sizeof(report), &size);
        assert_int_equal(size, sizeof(report));
        assert_int_equal(WEXITSTATUS(status), 2);
        assert_int_equal(report.header.error, -EPIPE);
        assert_string_equal(report.header.reason, "");
        close(in[0]);
        close(in[1]);
}

static void fails_for_odd_arguments(void **state) {
        static const char *const cases[][4] = {
                {"albatross-inflate", NULL},       {"albatross-inflate", "1", "2", NULL},
                {"albatross-inflate", "-1", NULL}, {"albatross-inflate", "", NULL},
                {"albatross-inflate", "1k", NULL},
        };
        _cleanup_(fd_closep) int in = intake_file("data", 4);
        InflateReport report;

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                assert_int_equal(intake_run(cases[i], in, in, &report, sizeof(report)), 2);
                assert_int_equal(report.header.error, -EINVAL);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(inflates_a_file_to_its_output),
                cmocka_unit_test(reads_from_where_the_descriptor_stands),
                cmocka_unit_test(takes_pipes_and_sockets_non_blocking_ones_too),
                cmocka_unit_test(refuses_descriptors_that_were_not_opened_for_reading),
                cmocka_unit_test(refuses_directories_and_devices),
                cmocka_unit_test(refuses_a_socket_that_nobody_is_connected_to),
                cmocka_unit_test(refuses_a_pipe_that_never_ends_at_the_limit),
                cmocka_unit_test(ends_when_nobody_reads_its_output),
                cmocka_unit_test(fails_for_odd_arguments),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
