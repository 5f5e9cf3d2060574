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

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "daemon/settings-file.h"

static Settings settings;
static char complaints[4096];

static void note_complaint(void *userdata, const char *file, unsigned line, const char *what) {
        size_t used = strlen(complaints);

        snprintf(complaints + used, sizeof(complaints) - used, "%s:%u: %s\n", file, line, what);
}

static const SettingsComplaints notes = {.complain = note_complaint};

static int set_up(void **state) {
        complaints[0] = '\0';
        assert_int_equal(settings_init(&settings), 0);
        return 0;
}

static int tear_down(void **state) {
        settings_clear(&settings);
        return 0;
}

static void read_text(const char *text) {
        /* As it is, without its terminator. */
        _cleanup_(freep) char *copy = malloc(strlen(text) + 1);

        assert_non_null(copy);
        memcpy(copy, text, strlen(text));
        assert_int_equal(settings_read_text(&settings, "f", copy, strlen(text), &notes), 0);
}

static void check_complaint(const char *start) {
        if (strncmp(complaints, start, strlen(start)) != 0)
                fail_msg("expected \"%s\", got \"%s\"", start, complaints);
        /* And no other. */
        assert_ptr_equal(strchr(complaints, '\n'), complaints + strlen(complaints) - 1);
}

static void reads_assignments(void **state) {
        read_text("# what this is\n"
                  "\n"
                  "[Albatross]\n"
                  "StopSec=7s\n"
                  "; another one\n"
                  "  ImageSizeMax = 1G  \r\n"
                  "TenderPath=/a\n"
                  "TenderPath=/b\n"
                  "UidRange=\n"
                  "PreferOfficialTender=yes");
        assert_string_equal(complaints, "");
        assert_int_equal(settings.stop_usec, 7000000);
        assert_int_equal(settings.image_size_max_bytes, UINT64_C(1) << 30);
        assert_string_equal(strings_next(&settings.tender_folders, NULL), "/a");
        assert_int_equal(settings.tender_folders.size, 6);
        assert_true(settings.prefer_official_tender);
}

static void an_indented_line_is_no_continuation(void **state) {
        read_text("[Albatross]\nStopSec=7s\n\tStopSec=8s\n");
        assert_string_equal(complaints, "");
        assert_int_equal(settings.stop_usec, 8000000);
}

static void an_unknown_key_is_told_with_its_line(void **state) {
        read_text("[Albatross]\n\nFoo=1\nStopSec=7s\n");
        check_complaint("f:3: Unknown key Foo");
        assert_int_equal(settings.stop_usec, 7000000);
}

static void a_bad_value_is_told_with_its_line(void **state) {
        read_text("[Albatross]\nStopSec=7s\nStopSec=soon\n");
        check_complaint("f:3: StopSec: \"soon\" is not a time span");
        assert_int_equal(settings.stop_usec, 7000000);
}

static void an_unknown_section_is_told_once(void **state) {
        read_text("[Manager]\nStopSec=7s\nStopSec=8s\n[Albatross]\nStopSec=9s\n");
        check_complaint("f:2: Unknown section [Manager]");
        assert_int_equal(settings.stop_usec, 9000000);
}

static void what_is_before_any_section_is_told(void **state) {
        read_text("StopSec=7s\n");
        check_complaint("f:1: An assignment before any section");
        assert_int_equal(settings.stop_usec, 5000000);
}

static void what_begins_with_x_is_left_alone(void **state) {
        read_text("[X-Other]\nA=1\n[Albatross]\nX-Foo=1\n");
        assert_string_equal(complaints, "");
}

static void a_line_that_is_neither_is_told(void **state) {
        read_text("[Albatross]\nStopSec=7s\nnonsense\nStopSec=8s\n");
        check_complaint("f:3: Neither a section nor an assignment");
        assert_int_equal(settings.stop_usec, 8000000);
}

static void a_line_too_long_is_told_and_harms_no_other(void **state) {
        char text[5000];

        memset(text, 'a', sizeof(text));
        memcpy(text, "[Albatross]\nTenderPath=/", strlen("[Albatross]\nTenderPath=/"));
        strcpy(text + 4000, "\nStopSec=8s\n");
        read_text(text);
        check_complaint("f:2: The line is too long");
        assert_int_equal(settings.stop_usec, 8000000);
        assert_false(settings.tender_folders_given);
}

static void bytes_that_are_no_text_are_told(void **state) {
        static const char text[] = "[Albatross]\nStop\0Sec=7s\nStopSec=8s\n";

        assert_int_equal(settings_read_text(&settings, "f", text, sizeof(text) - 1, &notes), 0);
        check_complaint("f:2: The line is no text");
        assert_int_equal(settings.stop_usec, 8000000);
}

static void an_empty_file_says_nothing(void **state) {
        read_text("");
        assert_string_equal(complaints, "");
}

static void write_file(const char *folder, const char *name, const char *text) {
        char path[256];
        int fd;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
        fd_close(fd);
}

static void files_are_read_in_their_order_and_a_large_one_is_not(void **state) {
        char root[] = "/tmp/settings-file-XXXXXX", folder[64], command[64];
        _cleanup_(freep) char *large = NULL;

        assert_non_null(mkdtemp(root));
        snprintf(folder, sizeof(folder), "%s/etc", root);
        assert_int_equal(mkdir(folder, 0755), 0);
        write_file(folder, "albatrossd.conf", "[Albatross]\nStopSec=1\nImageSizeMax=1M\n");
        snprintf(folder, sizeof(folder), "%s/etc/albatrossd.conf.d", root);
        assert_int_equal(mkdir(folder, 0755), 0);
        write_file(folder, "20.conf", "[Albatross]\nStopSec=3\n");
        write_file(folder, "10.conf", "[Albatross]\nStopSec=2\nTransferMaxSec=4\n");
        large = malloc(100001);
        assert_non_null(large);
        memset(large, '#', 100000);
        large[100000] = '\0';
        write_file(folder, "30.conf", large);

        assert_int_equal(settings_read_files(&settings, root, &notes), 0);
        assert_int_equal(settings.stop_usec, 3000000);
        assert_int_equal(settings.transfer_max_usec, 4000000);
        assert_int_equal(settings.image_size_max_bytes, 1U << 20);
        assert_non_null(strstr(complaints, "30.conf:0: The file can't be read: File too large"));
        snprintf(command, sizeof(command), "rm -r '%s'", root);
        assert_int_equal(system(command), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(reads_assignments, set_up, tear_down),
                cmocka_unit_test_setup_teardown(an_indented_line_is_no_continuation, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(an_unknown_key_is_told_with_its_line, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_bad_value_is_told_with_its_line, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(an_unknown_section_is_told_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_is_before_any_section_is_told, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(what_begins_with_x_is_left_alone, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_line_that_is_neither_is_told, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_line_too_long_is_told_and_harms_no_other, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(bytes_that_are_no_text_are_told, set_up, tear_down),
                cmocka_unit_test_setup_teardown(an_empty_file_says_nothing, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        files_are_read_in_their_order_and_a_large_one_is_not, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
