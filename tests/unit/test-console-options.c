/* SPDX-License-Identifier: ISC */

/* Which entries of the journal albatross-console hands on. */

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
#include "domain/cursor.h"
#include "systemd/console-options.h"

#define ONE   "11111111111111111111111111111111"
#define TWO   "22222222222222222222222222222222"
#define THREE "33333333333333333333333333333333"
#define SCOPE "albatross-alice:web.scope"

static ConsoleOptions options;

/* Splits @line at spaces. */
static int parse(const char *line) {
        static char copy[8192];
        char *argv[200] = {copy};
        int argc = 1;

        memset(&options, 0xff, sizeof(options));
        snprintf(copy, sizeof(copy), "albatross-console%s%s", *line ? " " : "", line);
        for (char *space = copy; (space = strchr(space, ' ')); argc++) {
                *space++ = '\0';
                argv[argc] = space;
        }
        return console_options_parse(&options, argc, argv);
}

static ConsoleVerdict decide(uint64_t realtime_usec, const char *invocation) {
        ConsoleEntry entry = {.realtime_usec = realtime_usec};

        if (invocation) {
                entry.has_invocation = true;
                assert_int_equal(sd_id128_from_string(invocation, &entry.invocation), 0);
        }
        return console_decide(&options, &entry);
}

static void reads_every_option(void **state) {
        assert_int_equal(parse("--follow --lines=7 --since=10 --until=20 --unclaimed-since=5 " SCOPE
                               " " ONE " " TWO),
                         0);
        assert_true(options.follow);
        assert_int_equal(options.n_lines, 7);
        assert_int_equal(options.since_usec, 10);
        assert_int_equal(options.until_usec, 20);
        assert_int_equal(options.unclaimed_since_usec, 5);
        assert_string_equal(options.scope, SCOPE);
        assert_int_equal(options.n_invocations, 2);
}

static void goes_on_behind_a_place(void **state) {
        char line[400], longest[CURSOR_MAX + 1];

        assert_int_equal(parse("--after=s=0a;i=1;b=2;m=3;t=4;x=f --until=9 " SCOPE " " ONE), 0);
        assert_string_equal(options.after, "s=0a;i=1;b=2;m=3;t=4;x=f");
        assert_int_equal(options.n_lines, UINT64_MAX);
        assert_int_equal(options.until_usec, 9);
        assert_int_equal(parse(SCOPE), 0);
        assert_null(options.after);

        /* The last ones, behind a place: that is one question too many. */
        assert_int_equal(parse("--after=t=0 --lines=3 " SCOPE), -EINVAL);
        assert_int_equal(parse("--lines=3 --after=t=0 " SCOPE), -EINVAL);
        assert_int_equal(parse("--after= " SCOPE), -EINVAL);
        assert_int_equal(parse("--after " SCOPE), -EINVAL);
        assert_int_equal(parse("--after=t=0\n " SCOPE), -EINVAL);
        assert_int_equal(parse("--after=../t " SCOPE), -EINVAL);

        memset(longest, 'a', CURSOR_MAX);
        longest[CURSOR_MAX] = '\0';
        snprintf(line, sizeof(line), "--after=%s " SCOPE, longest);
        assert_int_equal(parse(line), 0);
        snprintf(line, sizeof(line), "--after=%sa " SCOPE, longest);
        assert_int_equal(parse(line), -EINVAL);
}

static void takes_all_lines_when_nothing_is_said(void **state) {
        assert_int_equal(parse(SCOPE " " ONE), 0);
        assert_false(options.follow);
        assert_int_equal(options.n_lines, UINT64_MAX);
        assert_int_equal(decide(0, ONE), CONSOLE_TAKE);
        assert_int_equal(decide(UINT64_MAX, ONE), CONSOLE_TAKE);
}

static void refuses_what_is_not_in_its_synopsis(void **state) {
        static const char *const lines[] = {
                "",
                "--follow",
                "--follow=1 s",
                "--lines= s",
                "--lines=-1 s",
                "--lines=1k s",
                "--lines=18446744073709551616 s",
                "--since s",
                "--nonsense s",
                "-- s",
                "s short",
                "s " ONE "1",
                "s 1111111111111111111111111111111g",
                "s 11111111-1111-1111-1111-111111111111",
                "s " ONE " --follow",
        };

        for (size_t i = 0; i < N_ELEMENTS(lines); i++)
                assert_int_equal(parse(lines[i]), -EINVAL);
}

static void refuses_scopes_and_lists_that_are_too_long(void **state) {
        char line[8192];
        size_t size = 1;

        memset(line, 's', 256);
        line[256] = '\0';
        assert_int_equal(parse(line), -EINVAL);
        line[255] = '\0';
        assert_int_equal(parse(line), 0);

        line[0] = 's';
        for (size_t i = 0; i < CONSOLE_INVOCATIONS_MAX; i++)
                size += (size_t) snprintf(line + size, sizeof(line) - size, " %032zx", i + 1);
        assert_int_equal(parse(line), 0);
        assert_int_equal(options.n_invocations, CONSOLE_INVOCATIONS_MAX);
        snprintf(line + size, sizeof(line) - size, " " ONE);
        assert_int_equal(parse(line), -EINVAL);
}

static void tells_one_owner_of_a_name_from_the_next(void **state) {
        assert_int_equal(parse(SCOPE " " ONE), 0);
        assert_int_equal(decide(1, ONE), CONSOLE_TAKE);
        assert_int_equal(decide(1, TWO), CONSOLE_UNKNOWN);
        assert_int_equal(parse(SCOPE), 0);
        assert_int_equal(decide(1, ONE), CONSOLE_UNKNOWN);
}

static void learns_of_newer_runs(void **state) {
        assert_int_equal(parse("--follow " SCOPE " " ONE), 0);
        assert_int_equal(console_options_add(&options, TWO), 0);
        assert_int_equal(decide(1, TWO), CONSOLE_TAKE);
        assert_int_equal(decide(1, ONE), CONSOLE_TAKE);
        assert_int_equal(console_options_add(&options, TWO), 0);
        assert_int_equal(options.n_invocations, 2);
        assert_int_equal(console_options_add(&options, ""), -EINVAL);
        assert_int_equal(console_options_add(&options, "x"), -EINVAL);
        assert_int_equal(options.n_invocations, 2);
}

static void forgets_the_oldest_run_for_the_newest(void **state) {
        char text[64];

        assert_int_equal(parse("--follow " SCOPE " " ONE " " TWO), 0);
        for (unsigned i = 2; i < CONSOLE_INVOCATIONS_MAX; i++) {
                snprintf(text, sizeof(text), "%032x", i + 0x1000);
                assert_int_equal(console_options_add(&options, text), 0);
        }
        assert_int_equal(decide(1, ONE), CONSOLE_TAKE);
        assert_int_equal(console_options_add(&options, THREE), 0);
        assert_int_equal(decide(1, ONE), CONSOLE_UNKNOWN);
        assert_int_equal(decide(1, TWO), CONSOLE_TAKE);
        assert_int_equal(decide(1, THREE), CONSOLE_TAKE);
}

static void takes_unclaimed_entries_from_when_it_is_told(void **state) {
        assert_int_equal(parse(SCOPE " " ONE), 0);
        assert_int_equal(decide(100, NULL), CONSOLE_SKIP);
        assert_int_equal(parse("--unclaimed-since=100 " SCOPE " " ONE), 0);
        assert_int_equal(decide(99, NULL), CONSOLE_SKIP);
        assert_int_equal(decide(100, NULL), CONSOLE_TAKE);
        /* That says nothing about the runs that are known. */
        assert_int_equal(decide(99, ONE), CONSOLE_TAKE);
        assert_int_equal(decide(100, TWO), CONSOLE_UNKNOWN);
}

static void keeps_within_since_and_until(void **state) {
        assert_int_equal(parse("--since=10 --until=20 --unclaimed-since=0 " SCOPE " " ONE), 0);
        assert_int_equal(decide(9, ONE), CONSOLE_SKIP);
        assert_int_equal(decide(10, ONE), CONSOLE_TAKE);
        assert_int_equal(decide(20, ONE), CONSOLE_TAKE);
        assert_int_equal(decide(21, ONE), CONSOLE_END);
        assert_int_equal(decide(21, NULL), CONSOLE_END);
        /* Somebody else's entry ends nothing. */
        assert_int_equal(decide(21, TWO), CONSOLE_UNKNOWN);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_every_option),
                cmocka_unit_test(goes_on_behind_a_place),
                cmocka_unit_test(takes_all_lines_when_nothing_is_said),
                cmocka_unit_test(refuses_what_is_not_in_its_synopsis),
                cmocka_unit_test(refuses_scopes_and_lists_that_are_too_long),
                cmocka_unit_test(tells_one_owner_of_a_name_from_the_next),
                cmocka_unit_test(learns_of_newer_runs),
                cmocka_unit_test(forgets_the_oldest_run_for_the_newest),
                cmocka_unit_test(takes_unclaimed_entries_from_when_it_is_told),
                cmocka_unit_test(keeps_within_since_and_until),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
