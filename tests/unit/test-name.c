/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "domain/name.h"

static void check_refused(const char *text, const char *expected) {
        Name name = {"untouched"};
        Fault fault = {};

        assert_true(name_parse(&name, text, &fault) < 0);
        assert_int_equal(fault.code, FAULT_INVALID_NAME);
        assert_non_null(strstr(fault.message, expected));
        assert_string_equal(name.text, "untouched");
}

static void check_name(const char *text, const char *expected) {
        Name name;

        assert_int_equal(name_parse(&name, text, NULL), 0);
        assert_string_equal(name.text, expected);
}

static void takes_every_legal_character_and_lowers_it(void **state) {
        check_name("web", "web");
        check_name(":web", "web");
        check_name("Alice:Web-1.example", "alice:web-1.example");
        check_name("0:.a:a.:x-", "0:.a:a.:x-");
        check_name("abcdefghijklmnopqrstuvwxyz0123456789-.",
                   "abcdefghijklmnopqrstuvwxyz0123456789-.");
}

static void refuses_what_is_no_label(void **state) {
        check_refused("", "empty");
        check_refused(":", "empty label");
        check_refused("a::b", "empty label");
        check_refused("a:", "empty label");
        check_refused("::a", "empty label");
        check_refused("-a", "starts with");
        check_refused("a:-b", "starts with");
        check_refused(".", "dots only");
        check_refused("a:..", "dots only");
        check_refused("a/b", "other than");
        check_refused("a_b", "other than");
        check_refused("a b", "other than");
        check_refused("a\nb", "other than");
        check_refused("\xc3\xa4", "other than");
}

static void refuses_what_is_too_long_and_names_the_limit(void **state) {
        char label[NAME_LABEL_MAX + 2] = {};
        char text[NAME_MAX_LENGTH + 2] = {};

        memset(label, 'a', NAME_LABEL_MAX);
        check_name(label, label);
        label[NAME_LABEL_MAX] = 'a';
        check_refused(label, "at most 63");

        /* 50 characters and a colon, four times, less one colon: 203. */
        for (unsigned i = 0; i < NAME_MAX_LENGTH + 1; i++)
                text[i] = i % 51 == 50 ? ':' : 'b';
        check_refused(text, "at most 200");
        text[NAME_MAX_LENGTH] = '\0';
        check_name(text, text);

        check_name("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8");
        check_refused("1:2:3:4:5:6:7:8:9", "more than 8 labels");
}

static void a_path_may_end_with_a_colon_and_be_empty(void **state) {
        Name path;

        assert_int_equal(path_parse(&path, "", NULL), 0);
        assert_string_equal(path.text, "");
        assert_int_equal(path_parse(&path, ":", NULL), 0);
        assert_string_equal(path.text, "");
        assert_int_equal(path_parse(&path, "alice:", NULL), 0);
        assert_string_equal(path.text, "alice");
        assert_int_equal(path_parse(&path, ":Alice:bob", NULL), 0);
        assert_string_equal(path.text, "alice:bob");
        assert_true(path_parse(&path, "alice::", NULL) < 0);
        assert_true(path_parse(&path, "::", NULL) < 0);
}

static void a_name_is_taken_apart(void **state) {
        char full[NAME_MAX_LENGTH + 2];
        Name name;

        assert_int_equal(name_parse(&name, "alice:bob:web", NULL), 0);
        assert_string_equal(name_label(&name), "web");
        assert_int_equal(name_path_length(&name), strlen("alice:bob"));
        name_full_text(&name, full);
        assert_string_equal(full, "alice:bob:web");

        assert_int_equal(name_parse(&name, "web", NULL), 0);
        assert_string_equal(name_label(&name), "web");
        assert_int_equal(name_path_length(&name), 0);
        name_full_text(&name, full);
        assert_string_equal(full, ":web");
}

static void who_is_not_there_is_named_with_what_shows_the_others(void **state) {
        Fault fault = {};
        Name name;

        assert_int_equal(name_parse(&name, "alice:web", NULL), 0);
        assert_int_equal(name_refuse_unknown(&name, &fault), -ENOENT);
        assert_int_equal(fault.code, FAULT_NO_SUCH_UNIKERNEL);
        assert_string_equal(fault.message, "There is no unikernel \"alice:web\"");
        assert_non_null(strstr(fault.hint, "albatrossctl list"));
        assert_int_equal(name_refuse_unknown(&name, NULL), -ENOENT);
}

static void below_means_whole_labels(void **state) {
        assert_true(name_is_below("alice:web", "alice"));
        assert_true(name_is_below("alice:bob:web", "alice"));
        assert_true(name_is_below("web", ""));
        assert_false(name_is_below("alicex:web", "alice"));
        assert_false(name_is_below("alice", "alice"));
}

static void units_are_named_after_names(void **state) {
        char unit[NAME_UNIT_MAX + 1], group[NAME_CONTROL_GROUP_MAX + 1];
        Name name;

        assert_int_equal(name_parse(&name, "alice:web-team:w-1", NULL), 0);
        name_scope(&name, unit);
        assert_string_equal(unit, "albatross-alice:web-team:w-1.scope");
        path_slice(name.text, name_path_length(&name), 0, unit);
        assert_string_equal(unit, "albatross-alice-web_team.slice");
        name_control_group(&name, 0, group);
        assert_string_equal(group, "/albatross.slice/albatross-alice.slice/"
                                   "albatross-alice-web_team.slice/"
                                   "albatross-alice:web-team:w-1.scope");

        assert_int_equal(name_parse(&name, "web", NULL), 0);
        path_slice(name.text, name_path_length(&name), 0, unit);
        assert_string_equal(unit, "albatross.slice");
        name_control_group(&name, 0, group);
        assert_string_equal(group, "/albatross.slice/albatross-web.scope");
}

static void a_path_with_many_scopes_has_further_slices(void **state) {
        char unit[NAME_UNIT_MAX + 1], group[NAME_CONTROL_GROUP_MAX + 1];
        Name name;

        assert_int_equal(name_parse(&name, "alice:web", NULL), 0);
        path_slice(name.text, name_path_length(&name), 2, unit);
        assert_string_equal(unit, "albatross-alice-_2.slice");
        name_control_group(&name, 2, group);
        assert_string_equal(group, "/albatross.slice/albatross-alice.slice/"
                                   "albatross-alice-_2.slice/albatross-alice:web.scope");

        assert_int_equal(name_parse(&name, "web", NULL), 0);
        path_slice(name.text, 0, 17, unit);
        assert_string_equal(unit, "albatross-_17.slice");
        name_control_group(&name, 17, group);
        assert_string_equal(group, "/albatross.slice/albatross-_17.slice/albatross-web.scope");
}

static void the_longest_name_fits_everywhere(void **state) {
        char unit[NAME_UNIT_MAX + 1], group[NAME_CONTROL_GROUP_MAX + 1];
        char text[NAME_MAX_LENGTH + 1] = {};
        Name name;

        /* Eight labels of 24 characters: 199. */
        for (unsigned i = 0; i < 199; i++)
                text[i] = i % 25 == 24 ? ':' : 'z';
        assert_int_equal(name_parse(&name, text, NULL), 0);
        name_scope(&name, unit);
        assert_int_equal(strlen(unit), strlen("albatross-.scope") + 199);
        name_control_group(&name, 0, group);
        assert_string_equal(group + strlen(group) - strlen(unit), unit);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_every_legal_character_and_lowers_it),
                cmocka_unit_test(refuses_what_is_no_label),
                cmocka_unit_test(refuses_what_is_too_long_and_names_the_limit),
                cmocka_unit_test(a_path_may_end_with_a_colon_and_be_empty),
                cmocka_unit_test(a_name_is_taken_apart),
                cmocka_unit_test(who_is_not_there_is_named_with_what_shows_the_others),
                cmocka_unit_test(below_means_whole_labels),
                cmocka_unit_test(units_are_named_after_names),
                cmocka_unit_test(a_path_with_many_scopes_has_further_slices),
                cmocka_unit_test(the_longest_name_fits_everywhere),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
