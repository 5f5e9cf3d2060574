/* SPDX-License-Identifier: ISC */

/* albatross-store as it is run: both ways, its limits, and disks and clients that fail it. */

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "image/wire.h"
#include "intake-run.h"

static const char *const arguments[] = {"albatross-store", "1000000", "1", NULL};

static uint8_t data[1000001];

static uint64_t now_msec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

static void expect_digest(const StoreReport *report, size_t size) {
        uint8_t digest[SHA256_DIGEST_SIZE];
        struct sha256_ctx hash;

        assert_int_equal(report->header.version, IMAGE_WIRE_VERSION);
        assert_int_equal(report->header.error, 0);
        assert_string_equal(report->header.reason, "");
        assert_int_equal(report->size, size);
        sha256_init(&hash);
        sha256_update(&hash, size, data);
        sha256_digest(&hash, sizeof(digest), digest);
        assert_memory_equal(report->digest, digest, sizeof(digest));
}

/* Ends the run and expects its exit status; nothing may have been said about a digest. */
static StoreReport expect_end(IntakeRun run, int exit_status) {
        static const uint8_t nothing[IMAGE_DIGEST_SIZE];
        StoreReport report;
        size_t size;
        int status;

        status = intake_wait(run, &report, sizeof(report), &size);
        assert_int_equal(size, sizeof(report));
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), exit_status);
        assert_memory_equal(report.digest, nothing, sizeof(nothing));
        return report;
}

static int fill_data(void **state) {
        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (uint8_t) (i * i >> 5);
        return 0;
}

static void writes_and_hashes_what_comes(void **state) {
        static const size_t sizes[] = {0, 1, 262144, 999999, 1000000};
        static uint8_t back[sizeof(data)];

        for (size_t i = 0; i < N_ELEMENTS(sizes); i++) {
                _cleanup_(fd_closep) int out = intake_file("", 0);
                StoreReport report;
                IntakeRun run;
                size_t size;
                int fds[2];

                assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
                run = intake_start(arguments, fds[0], out);
                assert_int_equal(file_write_all(fds[1], data, sizes[i]), 0);
                close(fds[1]);
                assert_int_equal(intake_wait(run, &report, sizeof(report), &size), 0);
                assert_int_equal(size, sizeof(report));
                expect_digest(&report, sizes[i]);
                assert_int_equal(pread(out, back, sizeof(back), 0), sizes[i]);
                assert_memory_equal(back, data, sizes[i]);
                close(fds[0]);
        }
}

static void reads_out_to_a_pipe(void **state) {
        static uint8_t back[sizeof(data)];
        _cleanup_(fd_closep) int in = intake_file(data, 1000000);
        StoreReport report;
        size_t size, n_all = 0;
        IntakeRun run;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        run = intake_start(arguments, in, fds[1]);
        close(fds[1]);
        for (ssize_t n; (n = read(fds[0], back + n_all, sizeof(back) - n_all)) > 0;)
                n_all += (size_t) n;
        assert_int_equal(n_all, 1000000);
        assert_memory_equal(back, data, n_all);
        assert_int_equal(intake_wait(run, &report, sizeof(report), &size), 0);
        expect_digest(&report, 1000000);
        close(fds[0]);
}

static void refuses_one_byte_too_many(void **state) {
        _cleanup_(fd_closep) int in = intake_file(data, 1000001), out = intake_file("", 0);
        StoreReport report;

        report = expect_end(intake_start(arguments, in, out), 1);
        assert_int_equal(report.header.error, -EFBIG);
        assert_string_equal(report.header.reason,
                            "The data is larger than the 1000000 bytes allowed");
        assert_true(lseek(out, 0, SEEK_END) <= 1000000);
}

static void gives_up_on_a_pipe_that_stalls(void **state) {
        _cleanup_(fd_closep) int out = intake_file("", 0);
        uint64_t begin_msec = now_msec();
        StoreReport report;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(write(fds[1], "some", 4), 4);
        report = expect_end(intake_start(arguments, fds[0], out), 1);
        assert_int_equal(report.header.error, -ETIMEDOUT);
        assert_string_equal(report.header.reason, "No progress for 1 s");
        assert_in_range(now_msec() - begin_msec, 1000, 3000);
        close(fds[0]);
        close(fds[1]);
}

static void is_patient_with_a_pipe_that_trickles(void **state) {
        _cleanup_(fd_closep) int out = intake_file("", 0);
        StoreReport report;
        IntakeRun run;
        size_t size;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        run = intake_start(arguments, fds[0], out);
        for (size_t i = 0; i < 4; i++) {
                usleep(400000);
                assert_int_equal(write(fds[1], data + i, 1), 1);
        }
        close(fds[1]);
        assert_int_equal(intake_wait(run, &report, sizeof(report), &size), 0);
        expect_digest(&report, 4);
        close(fds[0]);
}

static void gives_up_on_a_reader_that_stalls(void **state) {
        _cleanup_(fd_closep) int in = intake_file(data, 1000000);
        StoreReport report;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        report = expect_end(intake_start(arguments, in, fds[1]), 1);
        assert_int_equal(report.header.error, -ETIMEDOUT);
        close(fds[0]);
        close(fds[1]);
}

static void ends_when_the_reader_hangs_up(void **state) {
        _cleanup_(fd_closep) int in = intake_file(data, 1000000);
        StoreReport report;
        IntakeRun run;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        run = intake_start(arguments, in, fds[1]);
        close(fds[1]);
        usleep(20000);
        close(fds[0]);
        report = expect_end(run, 2);
        assert_int_equal(report.header.error, -EPIPE);
}

/* A file system of 256 KiB, in a mount namespace of our own. */
static void reports_a_full_disk(void **state) {
        _cleanup_(fd_closep) int in = intake_file(data, 1000000), out = -1;
        StoreReport report;

        if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("test", "/mnt", "tmpfs", 0, "size=256k") < 0) {
                print_message("needs root and mount(): %s\n", strerror(errno));
                skip();
        }
        out = open("/mnt/image", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        assert_true(out >= 0);
        report = expect_end(intake_start(arguments, in, out), 2);
        assert_int_equal(report.header.error, -ENOSPC);
        assert_string_equal(report.header.reason, "");
        umount2("/mnt", MNT_DETACH);
}

static void fails_for_odd_arguments_and_outputs(void **state) {
        static const char *const cases[][5] = {
                {"albatross-store", "1", NULL},
                {"albatross-store", "1", "x", NULL},
                {"albatross-store", "1", "1", "1", NULL},
                {"albatross-store", "1", "2147484", NULL},
        };
        _cleanup_(fd_closep) int in = intake_file("data", 4), out = intake_file("", 0);
        _cleanup_(fd_closep) int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
                expect_end(intake_start(cases[i], in, out), 2);
        assert_int_equal(expect_end(intake_start(arguments, in, null), 2).header.error, -EBADF);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_and_hashes_what_comes),
                cmocka_unit_test(reads_out_to_a_pipe),
                cmocka_unit_test(refuses_one_byte_too_many),
                cmocka_unit_test(gives_up_on_a_pipe_that_stalls),
                cmocka_unit_test(is_patient_with_a_pipe_that_trickles),
                cmocka_unit_test(gives_up_on_a_reader_that_stalls),
                cmocka_unit_test(ends_when_the_reader_hangs_up),
                cmocka_unit_test(reports_a_full_disk),
                cmocka_unit_test(fails_for_odd_arguments_and_outputs),
        };

        return cmocka_run_group_tests(tests, fill_data, NULL);
}
