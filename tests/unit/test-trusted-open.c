/* SPDX-License-Identifier: ISC */

/* Whose file may be executed. Only root can make the files that are trusted. */

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
#include "host/tender.h"

static char folder[] = "/run/trusted-open-XXXXXX";
static char program[64];

static int set_up(void **state) {
        int fd;

        if (geteuid() != 0)
                return 0;
        strcpy(folder + strlen(folder) - 6, "XXXXXX");
        assert_non_null(mkdtemp(folder));
        assert_int_equal(chmod(folder, 0755), 0);
        snprintf(program, sizeof(program), "%s/program", folder);
        fd = open(program, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
        assert_true(fd >= 0);
        assert_int_equal(fchmod(fd, 0755), 0);
        fd_close(fd);
        return 0;
}

static int tear_down(void **state) {
        char command[128];

        if (geteuid() != 0)
                return 0;
        snprintf(command, sizeof(command), "rm -r '%s'", folder);
        return system(command);
}

static void needs_root(void) {
        if (geteuid() != 0)
                skip();
}

static void opens(const char *path) {
        Fault fault = {};
        FileStamp stamp;
        int fd;

        fd = trusted_open(path, &stamp, &fault);
        if (fd < 0)
                fail_msg("%s", fault.message);
        fd_close(fd);
}

static void refuses(const char *path, const char *words, const char *hint) {
        FileStamp stamp = {.size = 7};
        Fault fault = {};

        assert_true(trusted_open(path, &stamp, &fault) < 0);
        assert_int_equal(fault.code, FAULT_NO_TENDER);
        assert_non_null(strstr(fault.message, words));
        assert_non_null(strstr(fault.hint, hint));
        assert_int_equal(stamp.size, 7);
}

static void opens_what_only_root_can_change(void **state) {
        needs_root();
        opens(program);
}

static void refuses_what_is_not_there(void **state) {
        refuses("/nowhere/at/all", "can't be opened", "");
}

static void refuses_a_folder_and_a_device(void **state) {
        needs_root();
        refuses(folder, "is not a program", "");
        refuses("/dev/null", "is not a program", "");
}

static void refuses_what_others_can_write_to(void **state) {
        needs_root();
        assert_int_equal(chmod(program, 0775), 0);
        refuses(program, "can be written to by others than root", "chmod go-w");
        assert_int_equal(chmod(program, 0757), 0);
        refuses(program, "can be written to by others than root", "chmod go-w");
}

static void refuses_what_is_not_roots(void **state) {
        needs_root();
        assert_int_equal(chown(program, 1, 0), 0);
        refuses(program, "can be written to by others than root", "chown root:root");
}

static void refuses_what_not_everybody_can_execute(void **state) {
        needs_root();
        assert_int_equal(chmod(program, 0750), 0);
        refuses(program, "can't be read and executed by everybody", "chmod 755");
        assert_int_equal(chmod(program, 0711), 0);
        refuses(program, "can't be read and executed by everybody", "chmod 755");
}

static void refuses_a_folder_that_others_can_write_to(void **state) {
        needs_root();
        assert_int_equal(chmod(folder, 0777), 0);
        refuses(program, folder, "chmod go-w");
        assert_int_equal(chmod(folder, 0755), 0);
        assert_int_equal(chown(folder, 1, 1), 0);
        refuses(program, folder, "chown root:root");
}

static void a_sticky_folder_protects_what_is_in_it(void **state) {
        needs_root();
        assert_int_equal(chmod(folder, 01777), 0);
        opens(program);
}

static void refuses_a_link_into_a_folder_that_others_can_write_to(void **state) {
        char link[64], open_folder[64], moved[96];

        needs_root();
        snprintf(link, sizeof(link), "%s/link", folder);
        snprintf(open_folder, sizeof(open_folder), "%s/open", folder);
        snprintf(moved, sizeof(moved), "%s/program", open_folder);
        assert_int_equal(mkdir(open_folder, 0700), 0);
        assert_int_equal(rename(program, moved), 0);
        assert_int_equal(symlink(moved, link), 0);
        assert_int_equal(chmod(open_folder, 0755), 0);
        opens(link);
        assert_int_equal(chmod(open_folder, 0777), 0);
        refuses(link, open_folder, "chmod go-w");
}

static void a_stamp_tells_a_file_from_its_successor(void **state) {
        FileStamp before, after;
        char other[96];
        int fd;

        needs_root();
        assert_int_equal(file_stamp(program, &before), 0);
        assert_int_equal(file_stamp(program, &after), 0);
        assert_true(file_stamp_equal(&before, &after));

        snprintf(other, sizeof(other), "%s.new", program);
        fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
        fd_close(fd);
        assert_int_equal(rename(other, program), 0);
        assert_int_equal(file_stamp(program, &after), 0);
        assert_false(file_stamp_equal(&before, &after));

        before = after;
        fd = open(program, O_WRONLY | O_CLOEXEC);
        assert_int_equal(file_write_all(fd, "x", 1), 0);
        fd_close(fd);
        assert_int_equal(file_stamp(program, &after), 0);
        assert_false(file_stamp_equal(&before, &after));
        assert_true(file_stamp("/nowhere/at/all", &after) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(opens_what_only_root_can_change, set_up, tear_down),
                cmocka_unit_test_setup_teardown(refuses_what_is_not_there, set_up, tear_down),
                cmocka_unit_test_setup_teardown(refuses_a_folder_and_a_device, set_up, tear_down),
                cmocka_unit_test_setup_teardown(refuses_what_others_can_write_to, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(refuses_what_is_not_roots, set_up, tear_down),
                cmocka_unit_test_setup_teardown(refuses_what_not_everybody_can_execute, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(refuses_a_folder_that_others_can_write_to, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_sticky_folder_protects_what_is_in_it, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(
                        refuses_a_link_into_a_folder_that_others_can_write_to, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_stamp_tells_a_file_from_its_successor, set_up,
                                                tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
