/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ctl/save.h"

/* Each test works in an empty folder of its own. */
static int enter_folder(void **state) {
        char path[] = "/tmp/test-ctl-save-XXXXXX";

        if (!mkdtemp(path) || chdir(path) < 0)
                return -1;
        *state = strdup(path);
        return *state ? 0 : -1;
}

static int leave_folder(void **state) {
        unlink("file");
        unlink("target");
        if (chdir("/") < 0)
                return -1;
        /* Fails when something was left behind. */
        if (rmdir(*state) < 0)
                return -1;
        free(*state);
        return 0;
}

static void put(const char *path, const char *text) {
        _cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
}

static void assert_file(const char *path, const char *expected) {
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(file_read_at(AT_FDCWD, path, 1000, &text, NULL), 0);
        assert_string_equal(text, expected);
}

static void a_file_appears_when_it_is_whole(void **state) {
        _cleanup_(save_done) Save save = SAVE_NONE;
        struct stat status;
        Fault fault = {};

        assert_int_equal(save_open(&save, "file", false, &fault), 0);
        assert_int_equal(file_write_all(save.fd, "whole", 5), 0);
        assert_int_equal(access("file", F_OK), -1);
        assert_int_equal(save_finish(&save, &fault), 0);
        assert_file("file", "whole");

        /* Readable as any file that is made. */
        umask(022);
        assert_int_equal(stat("file", &status), 0);
        assert_int_equal(status.st_mode & 0444, 0444);
}

static void what_is_not_finished_leaves_nothing(void **state) {
        Save save = SAVE_NONE;

        assert_int_equal(save_open(&save, "./file", false, NULL), 0);
        assert_int_equal(file_write_all(save.fd, "half", 4), 0);
        save_done(&save);
        assert_int_equal(access("file", F_OK), -1);
}

static void does_not_replace_unasked(void **state) {
        Save save = SAVE_NONE;
        Fault fault = {};

        put("file", "old");
        assert_int_equal(save_open(&save, "file", false, &fault), -EEXIST);
        assert_int_equal(fault.code, FAULT_ALREADY_EXISTS);
        assert_true(fault.hint[0]);
        assert_int_equal(save.fd, -1);
        assert_file("file", "old");
}

static void replaces_when_asked(void **state) {
        _cleanup_(save_done) Save save = SAVE_NONE;

        put("file", "old");
        assert_int_equal(save_open(&save, "file", true, NULL), 0);
        assert_int_equal(file_write_all(save.fd, "new", 3), 0);
        assert_file("file", "old");
        assert_int_equal(save_finish(&save, NULL), 0);
        assert_file("file", "new");
}

static void does_not_replace_what_came_meanwhile(void **state) {
        _cleanup_(save_done) Save save = SAVE_NONE;
        Fault fault = {};

        assert_int_equal(save_open(&save, "file", false, &fault), 0);
        put("file", "somebody else's");
        assert_int_equal(save_finish(&save, &fault), -EEXIST);
        assert_int_equal(fault.code, FAULT_ALREADY_EXISTS);
        assert_file("file", "somebody else's");
}

static void a_dangling_link_counts_as_a_file(void **state) {
        Save save = SAVE_NONE;
        Fault fault = {};

        assert_int_equal(symlink("target", "file"), 0);
        assert_int_equal(save_open(&save, "file", false, &fault), -EEXIST);
        assert_int_equal(access("target", F_OK), -1);
}

static void a_folder_that_is_not_there_is_named(void **state) {
        Save save = SAVE_NONE;
        Fault fault = {};

        assert_true(save_open(&save, "nowhere/file", false, &fault) < 0);
        assert_string_equal(fault.message,
                            "\"nowhere/file\" can't be written: No such file or directory");
}

static void neither_a_folder_nor_a_device_is_replaced(void **state) {
        Save save = SAVE_NONE;
        Fault fault = {};

        assert_true(save_open(&save, ".", true, &fault) < 0);
        assert_string_equal(fault.message, "\".\" is a folder, the name of a file is needed");
        assert_true(save_open(&save, "/dev/null", true, &fault) < 0);
        assert_string_equal(fault.message, "\"/dev/null\" is no file that could be replaced");
        assert_int_equal(save.fd, -1);
}

static void copies_and_counts(void **state) {
        _cleanup_(fd_closep) int from_fd = -1, to_fd = -1;
        uint64_t size = 7;

        put("file", "12345");
        from_fd = open("file", O_RDONLY | O_CLOEXEC);
        to_fd = open("target", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(save_copy(from_fd, to_fd, &size, NULL), 0);
        assert_true(size == 5);
        assert_file("target", "12345");
}

static void a_copy_that_fails_says_why(void **state) {
        _cleanup_(fd_closep) int full_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
        _cleanup_(fd_closep) int from_fd = -1;
        Fault fault = {};
        uint64_t size = 7;

        put("file", "12345");
        from_fd = open("file", O_RDONLY | O_CLOEXEC);
        assert_int_equal(save_copy(from_fd, full_fd, &size, &fault), -ENOSPC);
        assert_int_equal(fault.code, FAULT_NO_SPACE);
        assert_true(size == 7);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_file_appears_when_it_is_whole, enter_folder,
                                                leave_folder),
                cmocka_unit_test_setup_teardown(what_is_not_finished_leaves_nothing, enter_folder,
                                                leave_folder),
                cmocka_unit_test_setup_teardown(does_not_replace_unasked, enter_folder,
                                                leave_folder),
                cmocka_unit_test_setup_teardown(replaces_when_asked, enter_folder, leave_folder),
                cmocka_unit_test_setup_teardown(does_not_replace_what_came_meanwhile, enter_folder,
                                                leave_folder),
                cmocka_unit_test_setup_teardown(a_dangling_link_counts_as_a_file, enter_folder,
                                                leave_folder),
                cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_named, enter_folder,
                                                leave_folder),
                cmocka_unit_test_setup_teardown(neither_a_folder_nor_a_device_is_replaced,
                                                enter_folder, leave_folder),
                cmocka_unit_test_setup_teardown(copies_and_counts, enter_folder, leave_folder),
                cmocka_unit_test_setup_teardown(a_copy_that_fails_says_why, enter_folder,
                                                leave_folder),
        };

        umask(022);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
