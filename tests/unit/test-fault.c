/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "domain/fault.h"
#include "domain/name.h"

static void a_cut_character_is_mended(void **state) {
        Fault fault = {};

        assert_true(fault_set(&fault, FAULT_FAILED, "\"%.3s...\"", "\xc3\xa9\xc3\xa9") < 0);
        assert_string_equal(fault.message, "\"\xc3\xa9?...\"");
        fault_hint(&fault, "%.2s|%.4s|%.1s", "\xe2\x82\xac", "\xf0\x9f\x90\xa7", "\xff");
        assert_string_equal(fault.hint, "?\?|\xf0\x9f\x90\xa7|?");
}

static void what_does_not_fit_is_cut_between_characters(void **state) {
        char text[2 * FAULT_MESSAGE_MAX + 1] = {};
        Fault fault = {};

        for (size_t i = 0; i < FAULT_MESSAGE_MAX; i++)
                strcat(text, "\xc3\xa9");
        (void) fault_set(&fault, FAULT_FAILED, "%s", text);
        assert_int_equal(strlen(fault.message), FAULT_MESSAGE_MAX);
        assert_memory_equal(fault.message, text, FAULT_MESSAGE_MAX - 1);
        assert_int_equal(fault.message[FAULT_MESSAGE_MAX - 1], '?');
}

/* The bus drops a reply that is no UTF-8, and whoever asked would wait for ever. */
static void a_long_name_is_refused_in_utf8(void **state) {
        char text[240] = "a";
        Fault fault = {};
        Name name;

        for (size_t i = 0; i < 60; i++)
                strcat(text, "\xc3\xa9");
        assert_true(name_parse(&name, text, &fault) < 0);
        assert_string_equal(fault.message, "The label \"a\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                                           "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9?...\" has 121 "
                                           "characters, at most 63 are allowed");
}

static void check_length(const char *text, size_t expected) {
        uint32_t point = 7;

        assert_int_equal(utf8_decode(text, strlen(text), &point), expected);
        if (expected == 0)
                assert_int_equal(point, 7);
}

static void only_characters_of_unicode_are_decoded(void **state) {
        uint32_t point;

        check_length("a", 1);
        check_length("\xc2\x80", 2);
        check_length("\xe0\xa0\x80", 3);
        check_length("\xf4\x8f\xbf\xbf", 4);
        check_length("\x80", 0);
        check_length("\xc0\x80", 0);
        check_length("\xe0\x9f\xbf", 0);
        check_length("\xed\xa0\x80", 0);
        check_length("\xf4\x90\x80\x80", 0);
        check_length("\xf8\x88\x80\x80\x80", 0);
        check_length("\xe2\x82", 0);
        assert_int_equal(utf8_decode("\xe2\x82\xac", 3, &point), 3);
        assert_int_equal(point, 0x20ac);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_cut_character_is_mended),
                cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
                cmocka_unit_test(a_long_name_is_refused_in_utf8),
                cmocka_unit_test(only_characters_of_unicode_are_decoded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
