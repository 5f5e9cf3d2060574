/* SPDX-License-Identifier: ISC */

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
#include "base/conf-files.h"

/* Where the four folders are made for a test. */
static char root[] = "/tmp/conf-files-XXXXXX";

static void in_root(char ret[static 256], const char *path) {
        snprintf(ret, 256, "%s%s", root, path);
}

static void make_folder(const char *path) {
        char full[256];

        in_root(full, path);
        assert_int_equal(mkdir(full, 0755), 0);
}

static void make_file(const char *path) {
        char full[256];
        int fd;

        in_root(full, path);
        fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        fd_close(fd);
}

static void make_link(const char *path, const char *target) {
        char full[256];

        in_root(full, path);
        assert_int_equal(symlink(target, full), 0);
}

static int set_up(void **state) {
        static const char *const folders[] = {
                "/etc", "/run", "/usr", "/usr/lib", "/usr/local", "/usr/local/lib",
        };

        strcpy(root + strlen(root) - 6, "XXXXXX");
        assert_non_null(mkdtemp(root));
        for (size_t i = 0; i < N_ELEMENTS(folders); i++)
                make_folder(folders[i]);
        return 0;
}

static int tear_down(void **state) {
        char command[300];

        snprintf(command, sizeof(command), "rm -r '%s'", root);
        return system(command);
}

/* All paths, without the root, each followed by ";". */
static void check_list(const char *expected) {
        char text[1024] = "";
        size_t n_files = 0;
        char **files;

        assert_int_equal(conf_files_list(root, "x.conf", &files, &n_files), 0);
        for (size_t i = 0; i < n_files; i++) {
                assert_memory_equal(files[i], root, strlen(root));
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s;",
                         files[i] + strlen(root));
        }
        assert_string_equal(text, expected);
        conf_files_free(files, n_files);
}

static void there_may_be_none(void **state) {
        check_list("");
}

static void the_first_folder_has_the_file_itself(void **state) {
        make_file("/usr/lib/x.conf");
        check_list("/usr/lib/x.conf;");
        make_file("/usr/local/lib/x.conf");
        check_list("/usr/local/lib/x.conf;");
        make_file("/run/x.conf");
        check_list("/run/x.conf;");
        make_file("/etc/x.conf");
        check_list("/etc/x.conf;");
}

static void drop_ins_of_all_folders_follow_sorted_by_name(void **state) {
        make_file("/etc/x.conf");
        make_folder("/etc/x.conf.d");
        make_folder("/run/x.conf.d");
        make_folder("/usr/lib/x.conf.d");
        make_folder("/usr/local/lib/x.conf.d");
        make_file("/etc/x.conf.d/50-b.conf");
        make_file("/run/x.conf.d/10-z.conf");
        make_file("/usr/lib/x.conf.d/90-a.conf");
        make_file("/usr/local/lib/x.conf.d/50-a.conf");
        check_list("/etc/x.conf;/run/x.conf.d/10-z.conf;/usr/local/lib/x.conf.d/50-a.conf;"
                   "/etc/x.conf.d/50-b.conf;/usr/lib/x.conf.d/90-a.conf;");
}

static void of_the_same_name_the_first_folder_counts(void **state) {
        make_folder("/etc/x.conf.d");
        make_folder("/run/x.conf.d");
        make_folder("/usr/lib/x.conf.d");
        make_file("/usr/lib/x.conf.d/1.conf");
        make_file("/run/x.conf.d/1.conf");
        check_list("/run/x.conf.d/1.conf;");
        make_file("/etc/x.conf.d/1.conf");
        check_list("/etc/x.conf.d/1.conf;");
}

static void a_link_to_dev_null_hides_the_others(void **state) {
        make_folder("/etc/x.conf.d");
        make_folder("/usr/lib/x.conf.d");
        make_file("/usr/lib/x.conf.d/1.conf");
        make_file("/usr/lib/x.conf.d/2.conf");
        make_link("/etc/x.conf.d/1.conf", "/dev/null");
        check_list("/usr/lib/x.conf.d/2.conf;");
        make_file("/usr/lib/x.conf");
        make_link("/etc/x.conf", "/dev/null");
        check_list("/usr/lib/x.conf.d/2.conf;");
}

static void what_is_no_drop_in_is_left_out(void **state) {
        make_folder("/etc/x.conf.d");
        make_file("/etc/x.conf.d/1.conf~");
        make_file("/etc/x.conf.d/README");
        make_file("/etc/x.conf.d/.conf");
        make_file("/etc/x.conf.d/.2.conf");
        make_folder("/etc/x.conf.d/3.conf");
        make_link("/etc/x.conf.d/4.conf", "nowhere");
        make_link("/etc/x.conf.d/5.conf", "/dev/zero");
        check_list("");
}

static void a_file_in_the_place_of_a_folder_is_no_folder(void **state) {
        make_file("/etc/x.conf.d");
        make_folder("/run/x.conf.d");
        make_file("/run/x.conf.d/1.conf");
        check_list("/run/x.conf.d/1.conf;");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(there_may_be_none, set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_first_folder_has_the_file_itself, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(drop_ins_of_all_folders_follow_sorted_by_name,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(of_the_same_name_the_first_folder_counts, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_link_to_dev_null_hides_the_others, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(what_is_no_drop_in_is_left_out, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_file_in_the_place_of_a_folder_is_no_folder,
                                                set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
