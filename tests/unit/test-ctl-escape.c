/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ctl/escape.h"

static void assert_escaped(const char *data, size_t size, EscapeMode mode, const char *expected) {
        _cleanup_(freep) char *text = escape_copy(data, size, mode);

        assert_non_null(text);
        assert_string_equal(text, expected);
}

#define ASSERT_TEXT(data, expected) assert_escaped(data, sizeof(data) - 1, ESCAPE_TEXT, expected)
#define ASSERT_LINE(data, expected) assert_escaped(data, sizeof(data) - 1, ESCAPE_LINE, expected)

static void leaves_plain_text_alone(void **state) {
        ASSERT_TEXT("", "");
        ASSERT_TEXT("Hello, world! \\x1b \"quoted\"", "Hello, world! \\x1b \"quoted\"");
        ASSERT_TEXT("a\tb\nc", "a\tb\nc");
}

static void leaves_other_scripts_alone(void **state) {
        ASSERT_TEXT("Gr\u00fc\u00dfe \u4e16\u754c \U0001f426 \u05e9\u05dc\u05d5\u05dd",
                    "Gr\u00fc\u00dfe \u4e16\u754c \U0001f426 \u05e9\u05dc\u05d5\u05dd");
        ASSERT_TEXT("\u00a0\u00ad\ufe0f\ufffd", "\u00a0\u00ad\ufe0f\ufffd");
}

static void a_newline_is_escaped_where_it_would_forge_a_line(void **state) {
        ASSERT_LINE("a\tb\nNov 21 fake", "a\tb\\x0aNov 21 fake");
}

static void escapes_every_c0_control_but_newline_and_tab(void **state) {
        for (unsigned c = 0; c < 0x20; c++) {
                char data[] = {'a', (char) c, 'b'};
                char expected[16];

                if (c == '\n' || c == '\t')
                        snprintf(expected, sizeof(expected), "a%cb", (int) c);
                else
                        snprintf(expected, sizeof(expected), "a\\x%02xb", c);
                assert_escaped(data, sizeof(data), ESCAPE_TEXT, expected);
        }
}

static void escapes_terminal_sequences(void **state) {
        ASSERT_TEXT("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07");
        ASSERT_TEXT("overwritten\rx", "overwritten\\x0dx");
        ASSERT_TEXT("\x7f", "\\x7f");
}

static void escapes_c1_controls_in_utf8_and_as_bytes(void **state) {
        for (unsigned c = 0x80; c <= 0x9f; c++) {
                char utf8[] = {(char) 0xc2, (char) c};
                char byte[] = {(char) c};
                char expected[16];

                snprintf(expected, sizeof(expected), "\\u%04x", c);
                assert_escaped(utf8, sizeof(utf8), ESCAPE_TEXT, expected);
                snprintf(expected, sizeof(expected), "\\x%02x", c);
                assert_escaped(byte, sizeof(byte), ESCAPE_TEXT, expected);
        }
}

static void escapes_bidi_controls(void **state) {
        static const unsigned points[] = {0x61c,  0x200e, 0x200f, 0x202a, 0x202b, 0x202c,
                                          0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069};

        for (size_t i = 0; i < N_ELEMENTS(points); i++) {
                char data[5] = {}, expected[16];

                if (points[i] < 0x800)
                        snprintf(data, sizeof(data), "%c%c", (int) (0xc0 | points[i] >> 6),
                                 (int) (0x80 | (points[i] & 0x3f)));
                else
                        snprintf(data, sizeof(data), "%c%c%c", (int) (0xe0 | points[i] >> 12),
                                 (int) (0x80 | (points[i] >> 6 & 0x3f)),
                                 (int) (0x80 | (points[i] & 0x3f)));
                snprintf(expected, sizeof(expected), "\\u%04x", points[i]);
                assert_escaped(data, strlen(data), ESCAPE_TEXT, expected);
        }
}

static void their_neighbours_stay(void **state) {
        ASSERT_TEXT("\u061b\u061d\u200a\u2010\u2029", "\u061b\u061d\u200a\u2010\\u2029");
        ASSERT_TEXT("\u202f\u205f\u2070\ufefe\uff00", "\u202f\u205f\u2070\ufefe\uff00");
        ASSERT_TEXT("\U000dffff\U000e0080", "\U000dffff\U000e0080");
}

static void escapes_what_nobody_sees(void **state) {
        ASSERT_TEXT("a\u200bb\u200c\u200d", "a\\u200bb\\u200c\\u200d");
        ASSERT_TEXT("\u2060\u2064\u2065\u206a\u206f", "\\u2060\\u2064\\u2065\\u206a\\u206f");
        ASSERT_TEXT("\ufeffa", "\\ufeffa");
        /* More digits than four, so that those behind them are not taken for theirs. */
        ASSERT_TEXT("\U000e0000\U000e0041\U000e007f1", "\\U000e0000\\U000e0041\\U000e007f1");
}

static void escapes_what_is_no_utf8(void **state) {
        ASSERT_TEXT("\xff\xfe", "\\xff\\xfe");
        ASSERT_TEXT("a\x80z", "a\\x80z");
        /* Overlong, of each length. */
        ASSERT_TEXT("\xc0\xaf", "\\xc0\\xaf");
        ASSERT_TEXT("\xc1\x81", "\\xc1\\x81");
        ASSERT_TEXT("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
        ASSERT_TEXT("\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf");
        /* A surrogate, and what lies above Unicode. */
        ASSERT_TEXT("\xed\xa0\x80", "\\xed\\xa0\\x80");
        ASSERT_TEXT("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
        ASSERT_TEXT("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
}

static void escapes_characters_that_break_off(void **state) {
        ASSERT_TEXT("\xc3", "\\xc3");
        ASSERT_TEXT("\xe4\xb8", "\\xe4\\xb8");
        ASSERT_TEXT("\xf0\x9f\x90", "\\xf0\\x9f\\x90");
        /* What follows is looked at anew, so nothing hides behind a broken beginning. */
        ASSERT_TEXT("\xc3\x1b[m", "\\xc3\\x1b[m");
        ASSERT_TEXT("\xe4\xc2\x9b", "\\xe4\\u009b");
        ASSERT_TEXT("\xc3\xc3\xbc", "\\xc3\u00fc");
}

static void escapes_nul_and_goes_on(void **state) {
        ASSERT_TEXT("a\0b", "a\\x00b");
}

/* For every pair of bytes: the result is UTF-8 without a control character. */
static void no_two_bytes_get_through(void **state) {
        for (unsigned c = 0; c < 0x10000; c++) {
                char data[] = {(char) (c >> 8), (char) c};
                _cleanup_(freep) char *text = escape_copy(data, 2, ESCAPE_LINE);

                assert_true(escape_is_utf8(text, strlen(text)));
                for (const unsigned char *byte = (unsigned char *) text; *byte; byte++) {
                        assert_true(*byte >= 0x20 || *byte == '\t');
                        assert_int_not_equal(*byte, 0x7f);
                        /* C1 in UTF-8. */
                        assert_false(byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] <= 0x9f);
                }
        }
}

static void tells_utf8_from_other_bytes(void **state) {
        assert_true(escape_is_utf8("", 0));
        assert_true(escape_is_utf8("a\0b", 3));
        assert_true(escape_is_utf8("\U0010ffff", 4));
        assert_false(escape_is_utf8("\U0010ffff", 3));
        assert_false(escape_is_utf8("\xff", 1));
        assert_false(escape_is_utf8("ok\xc0\x80", 4));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(leaves_plain_text_alone),
                cmocka_unit_test(leaves_other_scripts_alone),
                cmocka_unit_test(a_newline_is_escaped_where_it_would_forge_a_line),
                cmocka_unit_test(escapes_every_c0_control_but_newline_and_tab),
                cmocka_unit_test(escapes_terminal_sequences),
                cmocka_unit_test(escapes_c1_controls_in_utf8_and_as_bytes),
                cmocka_unit_test(escapes_bidi_controls),
                cmocka_unit_test(their_neighbours_stay),
                cmocka_unit_test(escapes_what_nobody_sees),
                cmocka_unit_test(escapes_what_is_no_utf8),
                cmocka_unit_test(escapes_characters_that_break_off),
                cmocka_unit_test(escapes_nul_and_goes_on),
                cmocka_unit_test(no_two_bytes_get_through),
                cmocka_unit_test(tells_utf8_from_other_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
