/* SPDX-License-Identifier: ISC */

/* What the launcher is told by strings: command lines of its children, and its own. */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "launcher/argv.h"
#include "launcher/options.h"
#include "launcher/wire.h"

static void splits_strings_in_order(void **state) {
        char data[] = "tender\0--mem=32\0\0--\0image";
        _cleanup_(freep) char **argv = NULL;

        assert_int_equal(argv_split(data, sizeof(data), &argv), 0);
        assert_string_equal(argv[0], "tender");
        assert_string_equal(argv[1], "--mem=32");
        assert_string_equal(argv[2], "");
        assert_string_equal(argv[3], "--");
        assert_string_equal(argv[4], "image");
        assert_null(argv[5]);
}

static void refuses_a_line_without_strings_or_without_an_end(void **state) {
        char data[] = "tender";
        char **argv = (char **) state;

        assert_int_equal(argv_split(data, 0, &argv), -EINVAL);
        assert_int_equal(argv_split(data, strlen(data), &argv), -EINVAL);
        assert_ptr_equal(argv, (char **) state);
}

static void splits_a_line_of_nothing_but_ends(void **state) {
        static char data[LAUNCHER_ARGV_MAX];
        _cleanup_(freep) char **argv = NULL;

        assert_int_equal(argv_split(data, sizeof(data), &argv), 0);
        assert_string_equal(argv[LAUNCHER_ARGV_MAX - 1], "");
        assert_null(argv[LAUNCHER_ARGV_MAX]);
}

static void maps_a_sealed_line_and_again(void **state) {
        _cleanup_(fd_closep) int fd = file_memfd("argv", "a\0b", 4);

        for (int i = 0; i < 2; i++) {
                _cleanup_(freep) char **argv = NULL;

                assert_int_equal(argv_map(fd, &argv), 0);
                assert_string_equal(argv[1], "b");
        }
}

static void refuses_lines_that_others_could_change_or_that_could_block(void **state) {
        static char large[LAUNCHER_ARGV_MAX + 1];
        _cleanup_(fd_closep) int open_fd = memfd_create("argv", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        _cleanup_(fd_closep) int empty_fd = file_memfd("argv", "", 0);
        _cleanup_(fd_closep) int large_fd = file_memfd("argv", large, sizeof(large));
        _cleanup_(fd_closep) int file_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        int ends[2];
        char **argv = NULL;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(write(open_fd, "a", 2), 2);
        assert_int_equal(argv_map(open_fd, &argv), -EINVAL);
        assert_int_equal(fcntl(open_fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW), 0);
        assert_int_equal(argv_map(open_fd, &argv), -EINVAL);
        assert_int_equal(argv_map(empty_fd, &argv), -EINVAL);
        assert_int_equal(argv_map(large_fd, &argv), -EINVAL);
        assert_int_equal(argv_map(file_fd, &argv), -EINVAL);
        assert_int_equal(argv_map(ends[0], &argv), -EINVAL);
        assert_int_equal(argv_map(-1, &argv), -EINVAL);
        assert_null(argv);
        close(ends[0]);
        close(ends[1]);
}

static int parse(const char *first, const char *second, Options *ret) {
        char name[] = "albatross-launcher";
        _cleanup_(freep) char *one = first ? strdup(first) : NULL;
        _cleanup_(freep) char *two = second ? strdup(second) : NULL;
        char *argv[] = {name, one, two, NULL};

        optind = 0;
        opterr = 0;
        return options_parse(1 + !!first + !!second, argv, ret);
}

static void has_a_range_by_default(void **state) {
        Options options;

        assert_int_equal(parse(NULL, NULL, &options), 0);
        assert_int_equal(options.uid_first, 61184);
        assert_int_equal(options.uid_last, 65519);
        assert_int_equal(options.state_fd, -1);
        assert_string_equal(options.uid_range, "61184-65519");
}

static void takes_another_range_and_a_state(void **state) {
        Options options;

        assert_int_equal(parse("--uid-range=70000-70000", "--state=7", &options), 0);
        assert_int_equal(options.uid_first, 70000);
        assert_int_equal(options.uid_last, 70000);
        assert_int_equal(options.state_fd, 7);
        assert_string_equal(options.uid_range, "70000-70000");
}

static void refuses_ranges_with_root_nobody_or_no_sense(void **state) {
        static const char *const texts[] = {
                "--uid-range=",
                "--uid-range=-",
                "--uid-range=61184",
                "--uid-range=61184-",
                "--uid-range=-61184",
                "--uid-range=0-5",
                "--uid-range=6-5",
                "--uid-range=61184-65534",
                "--uid-range=65535-65540",
                "--uid-range=61184-65519-",
                "--uid-range= 61184-65519",
                "--uid-range=+61184-65519",
                "--uid-range=70000-135536",
                "--uid-range=4294967295-4294967295",
                "--uid-range=61184-99999999999999999999",
                "--uid-range=00000000000000000000000000001-5",
                "--state=-1",
                "--state=x",
                "--other",
                "surplus",
        };

        for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
                Options options = {.state_fd = 77};

                assert_int_equal(parse(texts[i], NULL, &options), -EINVAL);
                assert_int_equal(options.state_fd, 77);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(splits_strings_in_order),
                cmocka_unit_test(refuses_a_line_without_strings_or_without_an_end),
                cmocka_unit_test(splits_a_line_of_nothing_but_ends),
                cmocka_unit_test(maps_a_sealed_line_and_again),
                cmocka_unit_test(refuses_lines_that_others_could_change_or_that_could_block),
                cmocka_unit_test(has_a_range_by_default),
                cmocka_unit_test(takes_another_range_and_a_state),
                cmocka_unit_test(refuses_ranges_with_root_nobody_or_no_sense),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
