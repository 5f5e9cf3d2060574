/* SPDX-License-Identifier: ISC */

/* albatross-block-read as it is run: as it is and as gzip, with holes, and clients that fail it. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/wire.h"
#include "intake-run.h"

#define MIB         (1U << 20)
#define DEVICE_SIZE (4 * MIB)
#define GZIP        (15 + 16) /* to inflateInit2(): no other format */

static const char *const plain[] = {"albatross-block-read", "none", "1", NULL};
static const char *const packed[] = {"albatross-block-read", "gzip", "1", NULL};

static uint8_t data[MIB], content[DEVICE_SIZE], back[DEVICE_SIZE + 1];

static int fill_data(void **state) {
        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (uint8_t) (1 + i * i % 251);
        return 0;
}

/* 4 MiB, with data at each of the offsets and holes around it; the same in content. */
static int sparse_file(const size_t *offsets, size_t n_offsets, size_t size) {
        int fd = intake_file("", 0);

        memset(content, 0, sizeof(content));
        assert_int_equal(ftruncate(fd, DEVICE_SIZE), 0);
        for (size_t i = 0; i < n_offsets; i++) {
                assert_int_equal(pwrite(fd, data, size, (off_t) offsets[i]), size);
                memcpy(content + offsets[i], data, size);
        }
        return fd;
}

/* To its end, or until @max bytes have come. */
static size_t read_pipe(int fd, void *target, size_t max) {
        size_t n_all = 0;

        for (ssize_t n; n_all < max && (n = read(fd, (char *) target + n_all, max - n_all)) > 0;)
                n_all += (size_t) n;
        return n_all;
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

static IntakeRun start(const char *const argv[], int in, int *ret_reading) {
        IntakeRun run;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        run = intake_start(argv, in, fds[1]);
        close(fds[1]);
        *ret_reading = fds[0];
        return run;
}

static void expect_plain(int in) {
        BlockReport report;
        IntakeRun run;
        int reading;

        run = start(plain, in, &reading);
        assert_int_equal(read_pipe(reading, back, sizeof(back)), DEVICE_SIZE);
        assert_memory_equal(back, content, DEVICE_SIZE);
        report = expect_end(run, 0, 0, "");
        assert_int_equal(report.size, DEVICE_SIZE);
        assert_int_equal(report.n_written, DEVICE_SIZE);
        close(reading);
}

/* Returns how large it came. */
static uint64_t expect_packed(int in) {
        static uint8_t small[2 * DEVICE_SIZE];
        z_stream stream = {.next_in = small, .next_out = back, .avail_out = sizeof(back)};
        BlockReport report;
        IntakeRun run;
        int reading;

        run = start(packed, in, &reading);
        stream.avail_in = (unsigned) read_pipe(reading, small, sizeof(small));
        report = expect_end(run, 0, 0, "");
        assert_int_equal(report.size, DEVICE_SIZE);
        assert_int_equal(report.n_written, stream.avail_in);
        assert_int_equal(inflateInit2(&stream, GZIP), Z_OK);
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        assert_int_equal(stream.avail_in, 0);
        assert_int_equal(stream.total_out, DEVICE_SIZE);
        inflateEnd(&stream);
        assert_memory_equal(back, content, DEVICE_SIZE);
        close(reading);
        return report.n_written;
}

static void reads_data_and_holes(void **state) {
        static const size_t offsets[] = {0, MIB, DEVICE_SIZE - 8192};
        static const size_t inner[] = {4096, 2 * MIB};

        for (size_t n = 0; n <= N_ELEMENTS(offsets); n++) {
                _cleanup_(fd_closep) int in = sparse_file(offsets, n, 8192);

                expect_plain(in);
                expect_packed(in);
        }
        for (size_t n = 1; n <= N_ELEMENTS(inner); n++) {
                _cleanup_(fd_closep) int in = sparse_file(inner, n, MIB);

                expect_plain(in);
                expect_packed(in);
        }
}

static void packs_what_is_a_hole(void **state) {
        _cleanup_(fd_closep) int in = sparse_file(NULL, 0, 0);
        struct stat st;

        assert_true(expect_packed(in) < DEVICE_SIZE / 200);
        /* It has become no data by being read. */
        assert_int_equal(fstat(in, &st), 0);
        assert_int_equal(st.st_blocks, 0);
}

static void reads_an_empty_file(void **state) {
        _cleanup_(fd_closep) int in = intake_file("", 0);
        BlockReport report;
        IntakeRun run;
        int reading;

        run = start(plain, in, &reading);
        assert_int_equal(read_pipe(reading, back, sizeof(back)), 0);
        report = expect_end(run, 0, 0, "");
        assert_int_equal(report.size, 0);
        close(reading);
}

/* A unikernel that gets the device next writes to it while the client still reads. */
static void leaves_a_copy_in_the_pipe(void **state) {
        _cleanup_(fd_closep) int in = intake_file(data, 32768);
        IntakeRun run;
        int reading;

        run = start(plain, in, &reading);
        expect_end(run, 0, 0, "");
        memset(content, 0xff, 32768);
        assert_int_equal(pwrite(in, content, 32768, 0), 32768);
        assert_int_equal(read_pipe(reading, back, sizeof(back)), 32768);
        assert_memory_equal(back, data, 32768);
        close(reading);
}

static void gives_up_on_a_reader_that_stalls(void **state) {
        static const size_t offset = 0;
        _cleanup_(fd_closep) int in = sparse_file(&offset, 1, MIB);
        BlockReport report;
        IntakeRun run;
        int reading;

        run = start(plain, in, &reading);
        report = expect_end(run, 1, -ETIMEDOUT, "No progress for 1 s");
        assert_in_range(report.n_written, 1, MIB);
        close(reading);
}

static void ends_when_the_reader_hangs_up(void **state) {
        static const size_t offset = 0;
        static const char *const *const formats[] = {plain, packed};

        for (size_t i = 0; i < N_ELEMENTS(formats); i++) {
                _cleanup_(fd_closep) int in = sparse_file(&offset, 1, MIB);
                IntakeRun run;
                int reading;

                run = start(formats[i], in, &reading);
                /* What is packed fits into a pipe: nobody may be there from the beginning. */
                close(reading);
                expect_end(run, 2, -EPIPE, "");
        }
}

static void wait_until_full(int reading) {
        int n = 0, before = -1;

        while (n == 0 || n != before) {
                before = n;
                usleep(20000);
                assert_int_equal(ioctl(reading, FIONREAD, &n), 0);
        }
}

static void fails_when_the_file_is_cut_meanwhile(void **state) {
        static const size_t offsets[] = {0, MIB, 2 * MIB, 3 * MIB};
        _cleanup_(fd_closep) int in = sparse_file(offsets, N_ELEMENTS(offsets), MIB);
        IntakeRun run;
        int reading;

        run = start(plain, in, &reading);
        wait_until_full(reading);
        assert_int_equal(ftruncate(in, 2 * MIB), 0);
        assert_true(read_pipe(reading, back, sizeof(back)) < DEVICE_SIZE);
        expect_end(run, 2, -ENODATA, "");
        close(reading);
}

static void fails_for_odd_arguments_and_outputs(void **state) {
        static const char *const cases[][5] = {
                {"albatross-block-read", "none", NULL},
                {"albatross-block-read", "none", "1", "1", NULL},
                {"albatross-block-read", "zip", "1", NULL},
                {"albatross-block-read", "none", "x", NULL},
                {"albatross-block-read", "gzip", "2147484", NULL},
        };
        _cleanup_(fd_closep) int in = intake_file("data", 4), file = intake_file("", 0);
        struct stat st;

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                IntakeRun run;
                int reading;

                run = start(cases[i], in, &reading);
                assert_int_equal(
                        expect_end(run, 2, cases[i][2] && cases[i][2][0] == '2' ? -ERANGE : -EINVAL,
                                   "")
                                .n_written,
                        0);
                close(reading);
        }
        /* What is no pipe is not a client's. */
        expect_end(intake_start(plain, in, file), 2, -EBADF, "");
        assert_int_equal(fstat(file, &st), 0);
        assert_int_equal(st.st_size, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_data_and_holes),
                cmocka_unit_test(packs_what_is_a_hole),
                cmocka_unit_test(reads_an_empty_file),
                cmocka_unit_test(leaves_a_copy_in_the_pipe),
                cmocka_unit_test(gives_up_on_a_reader_that_stalls),
                cmocka_unit_test(ends_when_the_reader_hangs_up),
                cmocka_unit_test(fails_when_the_file_is_cut_meanwhile),
                cmocka_unit_test(fails_for_odd_arguments_and_outputs),
        };

        return cmocka_run_group_tests(tests, fill_data, NULL);
}
