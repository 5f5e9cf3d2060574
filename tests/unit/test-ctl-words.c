/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ctl/ended.h"
#include "ctl/error.h"
#include "ctl/human.h"
#include "ctl/moment.h"

#define NOW_USEC UINT64_C(1763766082123456) /* 2025-11-21 23:01:22.123456 UTC */
#define SEC      UINT64_C(1000000)

static void assert_moment(const char *text, uint64_t expected) {
        uint64_t usec = 0;

        assert_int_equal(moment_parse(text, NOW_USEC, &usec), 0);
        assert_true(usec == expected);
}

static void reads_times_as_people_type_them(void **state) {
        assert_moment("now", NOW_USEC);
        assert_moment("today", UINT64_C(1763683200) * SEC);
        assert_moment("yesterday", UINT64_C(1763596800) * SEC);
        assert_moment("@1763766082", UINT64_C(1763766082) * SEC);
        assert_moment("@0", 0);
        assert_moment("-90", NOW_USEC - 90 * SEC);
        assert_moment("-5min", NOW_USEC - 300 * SEC);
        assert_moment("-1h", NOW_USEC - 3600 * SEC);
        assert_moment("-2d", NOW_USEC - 172800 * SEC);
        assert_moment("2025-11-21 23:01:22", UINT64_C(1763766082) * SEC);
        assert_moment("2025-11-21T23:01", UINT64_C(1763766060) * SEC);
        assert_moment("2025-11-21 23:01", UINT64_C(1763766060) * SEC);
        assert_moment("2025-11-21", UINT64_C(1763683200) * SEC);
        assert_moment("23:01", UINT64_C(1763766060) * SEC);
        assert_moment("23:01:22", UINT64_C(1763766082) * SEC);
}

static void refuses_what_is_no_time(void **state) {
        static const char *const wrong[] = {
                "",
                "later",
                "-",
                "-x",
                "-5x",
                "-5 min",
                "@",
                "@x",
                "@-1",
                "5min",
                "2025-13-01",
                "2025-11-21 25:00",
                "2025-11-21 23:01:22 x",
                "23",
                "99999999999999999999",
                "-99999999999999999999",
                "-4000000000w",
                "@18446744073709551615",
                "Now",
        };
        uint64_t usec = 7;

        for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
                assert_int_equal(moment_parse(wrong[i], NOW_USEC, &usec), -EINVAL);
                assert_true(usec == 7);
        }
}

static void assert_size(uint64_t bytes, const char *expected) {
        char text[HUMAN_MAX + 1];

        human_size(bytes, text);
        assert_string_equal(text, expected);
}

static void writes_sizes(void **state) {
        assert_size(0, "0B");
        assert_size(1023, "1023B");
        assert_size(1024, "1K");
        assert_size(1536, "1.5K");
        assert_size(32U << 20, "32M");
        assert_size((32U << 20) - 1, "31.9M");
        assert_size(UINT64_C(3) << 30, "3G");
        assert_size(UINT64_C(1) << 60, "1E");
        assert_size(UINT64_MAX, "15.9E");
}

static void assert_span(uint64_t usec, const char *expected) {
        char text[HUMAN_MAX + 1];

        human_span(usec, text);
        assert_string_equal(text, expected);
}

static void writes_spans(void **state) {
        assert_span(0, "0s");
        assert_span(999, "0s");
        assert_span(42000, "42ms");
        assert_span(1500000, "1s");
        assert_span(60 * SEC, "1min");
        assert_span(312 * SEC, "5min 12s");
        assert_span(3600 * SEC, "1h");
        assert_span(3660 * SEC + 59 * SEC, "1h 1min");
        assert_span(86400 * 2 * SEC + 3 * 3600 * SEC, "2d 3h");
        assert_span(604800 * 100 * SEC, "100w");
}

static void writes_times(void **state) {
        char text[HUMAN_MAX + 1];

        human_time(NOW_USEC, text);
        assert_string_equal(text, "Fri 2025-11-21 23:01:22 UTC");
}

static void stands_in_for_the_status_of_a_unikernel(void **state) {
        assert_int_equal(ended_exit_status("exit-code", 0), 0);
        assert_int_equal(ended_exit_status("exit-code", 64), 64);
        assert_int_equal(ended_exit_status("exit-code", 255), 255);
        assert_int_equal(ended_exit_status("signal", SIGSEGV), 139);
        assert_int_equal(ended_exit_status("core-dump", SIGSYS), 159);
        assert_int_equal(ended_exit_status("oom-kill", SIGKILL), 137);
        assert_int_equal(ended_exit_status("oom-kill", 0), 137);
        assert_int_equal(ended_exit_status("stopped", 0), 143);
        assert_int_equal(ended_exit_status("unknown", 0), ENDED_OWN_FAILURE);
        assert_int_equal(ended_exit_status("", 0), ENDED_OWN_FAILURE);
        assert_int_equal(ended_exit_status("of tomorrow", 0), ENDED_OWN_FAILURE);
}

static void says_how_it_ended(void **state) {
        char words[ENDED_WORDS_MAX + 1];

        ended_words("exit-code", 0, words);
        assert_string_equal(words, "exited with status 0");
        ended_words("exit-code", 255, words);
        assert_string_equal(words, "exited with status 255 (it aborted)");
        ended_words("signal", SIGSYS, words);
        assert_string_equal(words,
                            "killed by signal 31 (SIGSYS: it made a system call that it must "
                            "not)");
        ended_words("signal", 64, words);
        assert_string_equal(words, "killed by signal 64 (SIG?)");
        ended_words("oom-kill", 9, words);
        assert_string_equal(words, "killed because its memory ran out");
        ended_words("stopped", 15, words);
        assert_string_equal(words, "stopped on request");
        ended_words("", 0, words);
        assert_string_equal(words, "");
}

static void a_daemons_error_is_a_sentence_and_a_hint(void **state) {
        const sd_bus_error error = SD_BUS_ERROR_MAKE_CONST("org.albatross.Error.NoSuchUnikernel",
                                                           "There is no unikernel \"web\"\nTry x.");
        Fault fault = {};

        assert_true(error_from_bus(&fault, &error, -EIO) < 0);
        assert_int_equal(fault.code, FAULT_NO_SUCH_UNIKERNEL);
        assert_string_equal(fault.message, "There is no unikernel \"web\"");
        assert_string_equal(fault.hint, "Try x.");
}

static void an_error_without_a_hint_has_none(void **state) {
        const sd_bus_error error =
                SD_BUS_ERROR_MAKE_CONST("org.albatross.Error.OfTomorrow", "It is so\n");
        Fault fault = {};

        error_from_bus(&fault, &error, -EIO);
        assert_int_equal(fault.code, FAULT_FAILED);
        assert_string_equal(fault.message, "It is so");
        assert_string_equal(fault.hint, "");
}

static void an_error_of_the_bus_says_what_to_do(void **state) {
        const sd_bus_error denied = SD_BUS_ERROR_MAKE_CONST(SD_BUS_ERROR_ACCESS_DENIED, "No");
        const sd_bus_error unknown = SD_BUS_ERROR_MAKE_CONST(SD_BUS_ERROR_SERVICE_UNKNOWN, "x");
        const sd_bus_error silent = SD_BUS_ERROR_MAKE_CONST("a.b.C", NULL);
        Fault fault = {};

        error_from_bus(&fault, &denied, -EACCES);
        assert_int_equal(fault.code, FAULT_NOT_AUTHORIZED);
        assert_string_equal(fault.message, "No");
        assert_true(fault.hint[0]);

        error_from_bus(&fault, &unknown, -EIO);
        assert_string_equal(fault.message, "albatrossd is not installed on this machine");

        error_from_bus(&fault, &silent, -EIO);
        assert_string_equal(fault.message, "a.b.C");

        error_from_bus(&fault, NULL, -ECONNRESET);
        assert_string_equal(fault.message,
                            "Talking to albatrossd failed: Connection reset by peer");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_times_as_people_type_them),
                cmocka_unit_test(refuses_what_is_no_time),
                cmocka_unit_test(writes_sizes),
                cmocka_unit_test(writes_spans),
                cmocka_unit_test(writes_times),
                cmocka_unit_test(stands_in_for_the_status_of_a_unikernel),
                cmocka_unit_test(says_how_it_ended),
                cmocka_unit_test(a_daemons_error_is_a_sentence_and_a_hint),
                cmocka_unit_test(an_error_without_a_hint_has_none),
                cmocka_unit_test(an_error_of_the_bus_says_what_to_do),
        };

        setenv("TZ", "UTC", 1);
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
