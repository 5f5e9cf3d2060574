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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
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

/* A pipe with @text in it, which has ended. */
static void fill_stream(ConsoleStream *stream, const char *text) {
        int ends[2];

        console_stream_close(stream);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(file_write_all(ends[1], text, strlen(text)), 0);
        close(ends[1]);
        stream->reader.fd = ends[0];
}

static void assert_message(const ExportEntry *entry, const char *text) {
        const ExportField *field = export_find(entry, "MESSAGE");

        assert_non_null(field);
        assert_int_equal(field->value_size, strlen(text));
        assert_memory_equal(field->value, text, field->value_size);
}

#define LINE(cursor, text) "__REALTIME_TIMESTAMP=7\n__CURSOR=" cursor "\nMESSAGE=" text "\n\n"

static void what_was_cut_goes_on_behind_the_last_whole_line(void **state) {
        const ConsoleRequest first = {
                .follow = true, .n_lines = 10, .since_usec = 3, .until_usec = 9};
        ConsoleStream stream = {.reader.fd = -1};
        ConsoleRequest rest;
        ExportEntry entry;

        /* All of one moment: no time tells one from the other. */
        fill_stream(&stream, "__CURSOR=t=0\n\n" LINE("i=1", "one") LINE(
                                     "i=2", "two") "__REALTIME_TIMESTAMP=7\n__CURSOR=i=3\nMESS");
        assert_int_equal(console_stream_next(&stream, &entry), 1);
        assert_message(&entry, "one");
        assert_int_equal(console_stream_next(&stream, &entry), 1);
        assert_message(&entry, "two");
        assert_int_equal(console_stream_next(&stream, &entry), 0);
        assert_false(stream.is_whole);

        rest = console_stream_rest(&stream, &first);
        assert_string_equal(rest.after, "i=2");
        assert_true(rest.follow);
        assert_true(rest.n_lines == LINES_ALL);
        assert_int_equal(rest.since_usec, 3);
        assert_int_equal(rest.until_usec, 9);
        fill_stream(&stream, LINE("i=3", "three") "__END=1\n\n");
        assert_int_equal(console_stream_next(&stream, &entry), 1);
        assert_message(&entry, "three");
        assert_int_equal(console_stream_next(&stream, &entry), 0);
        assert_true(stream.is_whole);
        console_stream_close(&stream);
}

static void before_anything_has_come_the_same_is_asked_again(void **state) {
        const ConsoleRequest first = {.n_lines = 10, .until_usec = UINT64_MAX};
        ConsoleStream stream = {.reader.fd = -1};
        ConsoleRequest rest;
        ExportEntry entry;

        fill_stream(&stream, "__REALTIME_TI");
        assert_int_equal(console_stream_next(&stream, &entry), 0);
        assert_false(stream.is_whole);
        rest = console_stream_rest(&stream, &first);
        assert_null(rest.after);
        assert_int_equal(rest.n_lines, 10);
        assert_false(rest.again);
        stream.opened_usec = 1;
        assert_true(console_stream_rest(&stream, &first).again);

        /* It knows from where it was to go on, though nothing was there. */
        fill_stream(&stream, "__CURSOR=i=5\n\n");
        assert_int_equal(console_stream_next(&stream, &entry), 0);
        assert_false(stream.is_whole);
        rest = console_stream_rest(&stream, &first);
        assert_string_equal(rest.after, "i=5");
        assert_true(rest.n_lines == LINES_ALL);
        console_stream_close(&stream);
}

static void what_makes_no_sense_is_no_cut(void **state) {
        ConsoleStream stream = {.reader.fd = -1};
        ExportEntry entry;

        fill_stream(&stream, "=x\n\n");
        assert_int_equal(console_stream_next(&stream, &entry), -EBADMSG);
        console_stream_close(&stream);
}

static void what_always_breaks_off_is_given_up(void **state) {
        ConsoleStream stream = {.reader.fd = -1, .opened_usec = UINT64_MAX / 2};
        Fault fault = {};
        unsigned n = 0;
        int r;

        assert_int_equal(console_stream_broke(&stream, "web", &fault), 0);
        while ((r = console_stream_broke(&stream, "web", &fault)) == 1)
                n++;
        assert_true(r < 0);
        assert_true(n > 3 && n < 1000);
        assert_string_equal(fault.message, "The console of \"web\" breaks off again and again");
        /* But not one that has brought something. */
        stream.has_come = true;
        assert_int_equal(console_stream_broke(&stream, "web", &fault), 0);
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
                cmocka_unit_test(what_was_cut_goes_on_behind_the_last_whole_line),
                cmocka_unit_test(before_anything_has_come_the_same_is_asked_again),
                cmocka_unit_test(what_makes_no_sense_is_no_cut),
                cmocka_unit_test(what_always_breaks_off_is_given_up),
        };

        setenv("TZ", "UTC", 1);
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
