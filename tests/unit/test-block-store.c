/* SPDX-License-Identifier: ISC */

/* albatross-block-store as it is run: what it leaves out, its limits, and disks that fail it. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "image/wire.h"
#include "intake-run.h"

#define MIB      (UINT64_C(1) << 20)
#define DATA_MAX (20 * MIB)

static const char *const arguments[] = {"albatross-block-store", "1048576", "1", "0", NULL};

static uint8_t data[DATA_MAX], back[DATA_MAX];

static int fill_data(void **state) {
        /* None of it is zero. */
        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (uint8_t) (1 + i * i % 251);
        return 0;
}

/* The file as the writer makes it: as large as the device, and all of it a hole. */
static int device_file(uint64_t size) {
        int fd = intake_file("", 0);

        assert_int_equal(ftruncate(fd, (off_t) size), 0);
        return fd;
}

static BlockReport expect_end(IntakeRun run, int exit_status, int error, const char *reason) {
        BlockReport report;
        size_t size;
        int status;

        status = intake_wait(run, &report, sizeof(report), &size);
        assert_int_equal(size, sizeof(report));
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), exit_status);
        assert_int_equal(report.header.version, IMAGE_WIRE_VERSION);
        assert_int_equal(report.header.error, error);
        assert_string_equal(report.header.reason, reason);
        return report;
}

/* @content comes through a pipe and arrives as it is. Returns how much of it was written. */
static uint64_t store(const uint8_t *content, size_t size, int out) {
        BlockReport report;
        IntakeRun run;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        run = intake_start(arguments, fds[0], out);
        close(fds[0]);
        assert_int_equal(file_write_all(fds[1], content, size), 0);
        close(fds[1]);
        report = expect_end(run, 0, 0, "");
        assert_int_equal(report.size, size);
        assert_int_equal(pread(out, back, size, 0), size);
        assert_memory_equal(back, content, size);
        return report.n_written;
}

static void writes_what_comes(void **state) {
        static const size_t sizes[] = {0, 1, 4095, 4097, 262144, MIB - 1, MIB};

        for (size_t i = 0; i < N_ELEMENTS(sizes); i++) {
                _cleanup_(fd_closep) int out = device_file(MIB);

                assert_int_equal(store(data, sizes[i], out), sizes[i]);
        }
}

static void keeps_holes_where_zeros_come(void **state) {
        static uint8_t content[MIB];
        _cleanup_(fd_closep) int out = device_file(MIB);
        struct stat st;

        /* Data, and a hole from 64 KiB on; data in the middle; a hole to the end. */
        memcpy(content, data, 65536);
        memcpy(content + 524288, data, 65536);
        assert_int_equal(store(content, sizeof(content), out), 131072);
        assert_int_equal(lseek(out, 0, SEEK_HOLE), 65536);
        assert_int_equal(lseek(out, 65536, SEEK_DATA), 524288);
        assert_int_equal(lseek(out, 524288, SEEK_HOLE), 589824);
        assert_int_equal(fstat(out, &st), 0);
        assert_int_equal(st.st_size, MIB);
}

static void writes_nothing_of_zeros_only(void **state) {
        static const uint8_t zeros[MIB];
        _cleanup_(fd_closep) int out = device_file(MIB);
        struct stat st;

        assert_int_equal(store(zeros, sizeof(zeros), out), 0);
        assert_int_equal(fstat(out, &st), 0);
        assert_int_equal(st.st_blocks, 0);
        assert_int_equal(st.st_size, MIB);
}

static void refuses_one_byte_too_many(void **state) {
        _cleanup_(fd_closep) int in = intake_file(data, MIB + 1), out = device_file(MIB);
        struct stat st;

        expect_end(intake_start(arguments, in, out), 1, -EFBIG,
                   "The data is larger than the 1 MiB allowed");
        assert_int_equal(fstat(out, &st), 0);
        assert_int_equal(st.st_size, MIB);
}

/* A zero that is too many is one as well, although it would not be written. */
static void refuses_zeros_beyond_the_end(void **state) {
        static const uint8_t zeros[MIB + 1];
        _cleanup_(fd_closep) int in = intake_file(zeros, sizeof(zeros)), out = device_file(MIB);

        expect_end(intake_start(arguments, in, out), 1, -EFBIG,
                   "The data is larger than the 1 MiB allowed");
}

static void takes_nothing_when_the_reserve_is_reached(void **state) {
        static const char *const all[] = {"albatross-block-store", "1048576", "1",
                                          "18446744073709551615", NULL};
        _cleanup_(fd_closep) int out = device_file(MIB);
        BlockReport report;
        int fds[2], n = 0;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(write(fds[1], "some", 4), 4);
        report = expect_end(intake_start(all, fds[0], out), 1, -ENOSPC,
                            "The disk has only the 17592186044415 MiB left that are kept in "
                            "reserve");
        assert_int_equal(report.n_written, 0);
        assert_int_equal(ioctl(fds[0], FIONREAD, &n), 0);
        assert_int_equal(n, 4);
        close(fds[0]);
        close(fds[1]);
}

/* A file system in a mount namespace of our own, and a file on it; -1: we may not. */
static int file_on(const char *options) {
        int fd;

        if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("test", "/mnt", "tmpfs", 0, options) < 0) {
                print_message("needs root and mount(): %s\n", strerror(errno));
                return -1;
        }
        fd = open("/mnt/device", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        return fd;
}

static void stops_before_the_reserve_is_touched(void **state) {
        static const char *const some[] = {"albatross-block-store", "104857600", "1", "6291456",
                                           NULL};
        _cleanup_(fd_closep) int in = intake_file(data, DATA_MAX), out = file_on("size=20m");
        BlockReport report;

        if (out < 0)
                skip();
        /* It looks every 8 MiB: the second time fewer than 6 MiB of the 20 are left. */
        report = expect_end(intake_start(some, in, out), 1, -ENOSPC,
                            "The disk has only the 6 MiB left that are kept in reserve");
        assert_int_equal(report.n_written, 16 * MIB);
        umount2("/mnt", MNT_DETACH);
}

static void reports_a_full_disk(void **state) {
        _cleanup_(fd_closep) int in = intake_file(data, MIB), out = file_on("size=256k");

        if (out < 0)
                skip();
        expect_end(intake_start(arguments, in, out), 2, -ENOSPC, "");
        umount2("/mnt", MNT_DETACH);
}

static void gives_up_on_a_pipe_that_stalls(void **state) {
        _cleanup_(fd_closep) int out = device_file(MIB);
        BlockReport report;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(write(fds[1], "some", 4), 4);
        report = expect_end(intake_start(arguments, fds[0], out), 1, -ETIMEDOUT,
                            "No progress for 1 s");
        assert_int_equal(report.size, 4);
        close(fds[0]);
        close(fds[1]);
}

static void is_patient_with_a_pipe_that_trickles(void **state) {
        _cleanup_(fd_closep) int out = device_file(MIB);
        BlockReport report;
        IntakeRun run;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        run = intake_start(arguments, fds[0], out);
        for (size_t i = 0; i < 4; i++) {
                usleep(400000);
                assert_int_equal(write(fds[1], data + i, 1), 1);
        }
        close(fds[1]);
        report = expect_end(run, 0, 0, "");
        assert_int_equal(report.size, 4);
        assert_int_equal(pread(out, back, 4, 0), 4);
        assert_memory_equal(back, data, 4);
        close(fds[0]);
}

static void fails_for_odd_arguments_and_outputs(void **state) {
        static const char *const cases[][6] = {
                {"albatross-block-store", "1", "1", NULL},
                {"albatross-block-store", "1", "1", "1", "1", NULL},
                {"albatross-block-store", "x", "1", "1", NULL},
                {"albatross-block-store", "1", "2147484", "1", NULL},
                {"albatross-block-store", "1", "1", "-1", NULL},
                {"albatross-block-store", "9223372036854775808", "1", "1", NULL},
        };
        _cleanup_(fd_closep) int in = intake_file("data", 4), out = device_file(MIB);
        _cleanup_(fd_closep) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                BlockReport report;
                size_t size;
                int status;

                status = intake_wait(intake_start(cases[i], in, out), &report, sizeof(report),
                                     &size);
                assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
                assert_int_equal(size, sizeof(report));
                assert_true(report.header.error < 0);
                assert_int_equal(report.size, 0);
        }
        expect_end(intake_start(arguments, in, null), 2, -EBADF, "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_what_comes),
                cmocka_unit_test(keeps_holes_where_zeros_come),
                cmocka_unit_test(writes_nothing_of_zeros_only),
                cmocka_unit_test(refuses_one_byte_too_many),
                cmocka_unit_test(refuses_zeros_beyond_the_end),
                cmocka_unit_test(takes_nothing_when_the_reserve_is_reached),
                cmocka_unit_test(stops_before_the_reserve_is_touched),
                cmocka_unit_test(reports_a_full_disk),
                cmocka_unit_test(gives_up_on_a_pipe_that_stalls),
                cmocka_unit_test(is_patient_with_a_pipe_that_trickles),
                cmocka_unit_test(fails_for_odd_arguments_and_outputs),
        };

        /* A program that refuses hangs up on who still writes. */
        signal(SIGPIPE, SIG_IGN);
        return cmocka_run_group_tests(tests, fill_data, NULL);
}
