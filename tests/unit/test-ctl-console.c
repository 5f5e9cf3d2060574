/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ctl/console.h"
#include "ctl/json.h"

#define FIELD(name, value)                                                                         \
        { (name), sizeof(name) - 1, (value), sizeof(value) - 1 }

/* What a guest prints that wants to be taken for another one. */
static const ExportEntry forging = {
        .fields =
                {
                        FIELD("__REALTIME_TIMESTAMP", "1763766082123456"),
                        FIELD("MESSAGE", "a\x1b[2J\nNov 21 23:01:22 bob: \xffhello \x7f"),
                },
        .n_fields = 2,
};

static void assert_printed(const ExportEntry *entry,
                           const ConsoleStyle *style,
                           const char *expected) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        assert_int_equal(console_print(out, entry, style), 0);
        fclose(out);
        assert_string_equal(text, expected);
}

static void a_line_stays_one_line(void **state) {
        const ConsoleStyle style = {.output = CONSOLE_SHORT, .name = "alice:web"};

        assert_printed(&forging, &style,
                       "Nov 21 23:01:22 alice:web: a\\x1b[2J\\x0aNov 21 23:01:22 bob: "
                       "\\xffhello \\x7f\n");
}

static void iso_times_have_a_zone(void **state) {
        const ConsoleStyle style = {.output = CONSOLE_SHORT_ISO, .name = "web"};
        const ExportEntry entry = {
                .fields = {FIELD("__REALTIME_TIMESTAMP", "1763766082123456"),
                           FIELD("MESSAGE", "x")},
                .n_fields = 2,
        };

        assert_printed(&entry, &style, "2025-11-21T23:01:22+0000 web: x\n");
}

static void cat_shows_the_lines_alone(void **state) {
        const ConsoleStyle style = {.output = CONSOLE_CAT};

        assert_printed(&forging, &style, "a\\x1b[2J\nNov 21 23:01:22 bob: \\xffhello \\x7f\n");
}

static void raw_is_what_was_written(void **state) {
        const ConsoleStyle style = {.output = CONSOLE_CAT, .raw = true};

        assert_printed(&forging, &style, "a\x1b[2J\nNov 21 23:01:22 bob: \xffhello \x7f\n");
}

static void json_is_ascii_and_bytes_become_numbers(void **state) {
        const ConsoleStyle style = {.output = CONSOLE_JSON};
        const ExportEntry entry = {
                .fields = {FIELD("A", "\xff\x01"), FIELD("B", "\u202e\x1b\x7f\"\xc2\x85"),
                           FIELD("\xff", "name is no text")},
                .n_fields = 3,
        };

        assert_printed(&entry, &style,
                       "{\"A\":[255,1],\"B\":\"\\u202E\\u001B\\u007f\\\"\\u0085\"}\n");
}

static void an_entry_without_time_or_message_is_a_line_too(void **state) {
        const ConsoleStyle style = {.output = CONSOLE_CAT};
        const ExportEntry entry = {.fields = {FIELD("__REALTIME_TIMESTAMP", "soon")},
                                   .n_fields = 1};

        assert_true(console_entry_usec(&entry) == 0);
        assert_printed(&entry, &style, "\n");
}

static void names_have_their_colour(void **state) {
        const ConsoleStyle style = {
                .output = CONSOLE_SHORT, .name = "web", .colour = "<", .normal = ">"};
        const ExportEntry entry = {.fields = {FIELD("MESSAGE", "x")}, .n_fields = 1};

        assert_printed(&entry, &style, "Jan 01 00:00:00 <web:> x\n");
}

static void what_journald_left_out_is_told_as_no_guest_can(void **state) {
        const ConsoleStyle style = {.output = CONSOLE_SHORT, .name = "web"};
        const ExportEntry notice = {
                .fields = {FIELD("_TRANSPORT", "driver"), FIELD("MESSAGE", "Suppressed 7\x1b")},
                .n_fields = 2,
        };
        const ExportEntry forged = {
                .fields = {FIELD("_TRANSPORT", "stdout"), FIELD("MESSAGE", "-- Suppressed 7 --")},
                .n_fields = 2,
        };

        assert_printed(&notice, &style, "Jan 01 00:00:00 -- Suppressed 7\\x1b --\n");
        assert_printed(&forged, &style, "Jan 01 00:00:00 web: -- Suppressed 7 --\n");
}

static void what_journald_has_cut_is_joined_where_nothing_comes_between(void **state) {
        const ExportEntry cut = {
                .fields = {FIELD("_LINE_BREAK", "line-max"), FIELD("MESSAGE", "long")},
                .n_fields = 2,
        };
        const ExportEntry end = {
                .fields = {FIELD("_LINE_BREAK", "eof"), FIELD("MESSAGE", "end")},
                .n_fields = 2,
        };

        assert_printed(&cut, &(ConsoleStyle){.output = CONSOLE_CAT, .is_alone = true}, "long");
        assert_printed(&end, &(ConsoleStyle){.output = CONSOLE_CAT, .is_alone = true}, "end\n");
        assert_printed(&cut, &(ConsoleStyle){.output = CONSOLE_CAT}, "long\n");
        assert_printed(&cut,
                       &(ConsoleStyle){.output = CONSOLE_SHORT, .name = "web", .is_alone = true},
                       "Jan 01 00:00:00 web: long\n");
}

static void a_nul_is_not_lost(void **state) {
        const ExportEntry entry = {
                .fields = {FIELD("_LINE_BREAK", "nul"), FIELD("MESSAGE", "a")},
                .n_fields = 2,
        };
        const ConsoleStyle raw = {.output = CONSOLE_CAT, .is_alone = true, .raw = true};
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *out;

        assert_printed(&entry, &(ConsoleStyle){.output = CONSOLE_CAT, .is_alone = true}, "a\\x00");
        assert_printed(&entry, &(ConsoleStyle){.output = CONSOLE_CAT}, "a\\x00\n");
        out = open_memstream(&text, &size);
        assert_non_null(out);
        assert_int_equal(console_print(out, &entry, &raw), 0);
        fclose(out);
        assert_int_equal(size, 2);
        assert_memory_equal(text, "a", 2);
}

static void times_that_can_not_be_are_none(void **state) {
        static const char *const wrong[] = {"", "-1", "18446744073709551616",
                                            "99999999999999999999999999999999"};

        for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
                const ExportEntry entry = {
                        .fields = {{"__REALTIME_TIMESTAMP", 20, wrong[i], strlen(wrong[i])}},
                        .n_fields = 1,
                };

                assert_true(console_entry_usec(&entry) == 0);
        }
        assert_true(console_entry_usec(&forging) == UINT64_C(1763766082123456));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_line_stays_one_line),
                cmocka_unit_test(iso_times_have_a_zone),
                cmocka_unit_test(cat_shows_the_lines_alone),
                cmocka_unit_test(raw_is_what_was_written),
                cmocka_unit_test(json_is_ascii_and_bytes_become_numbers),
                cmocka_unit_test(an_entry_without_time_or_message_is_a_line_too),
                cmocka_unit_test(names_have_their_colour),
                cmocka_unit_test(what_journald_left_out_is_told_as_no_guest_can),
                cmocka_unit_test(what_journald_has_cut_is_joined_where_nothing_comes_between),
                cmocka_unit_test(a_nul_is_not_lost),
                cmocka_unit_test(times_that_can_not_be_are_none),
        };

        setenv("TZ", "UTC", 1);
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
