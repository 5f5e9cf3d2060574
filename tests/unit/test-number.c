/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/number.h"

static void reads_sizes_as_systemd_does(void **state) {
        static const struct {
                const char *text;
                uint64_t size;
        } good[] = {
                {"0", 0},
                {"1", 1},
                {"17B", 17},
                {"1K", 1024},
                {"256M", UINT64_C(256) << 20},
                {"256MB", UINT64_C(256) << 20},
                {"3G", UINT64_C(3) << 30},
                {"1T", UINT64_C(1) << 40},
                {"16777215T", UINT64_C(16777215) << 40},
        };

        for (size_t i = 0; i < N_ELEMENTS(good); i++) {
                uint64_t size = 7;

                assert_int_equal(number_parse_bytes(good[i].text, &size), 0);
                assert_int_equal(size, good[i].size);
        }
}

static void refuses_what_is_no_size(void **state) {
        static const char *const bad[] = {
                "",    "B",    "M",        "MB",        "-1",
                "+1",  " 1",   "1 ",       "1 M",       "1.5M",
                "01",  "1k",   "1X",       "1MM",       "1BB",
                "1BM", "0x10", "infinity", "16777216T", "18446744073709551616",
        };

        for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
                uint64_t size = 7;

                assert_true(number_parse_bytes(bad[i], &size) < 0);
                assert_int_equal(size, 7);
        }
}

static void reads_time_spans_as_systemd_does(void **state) {
        static const struct {
                const char *text;
                uint64_t usec;
        } good[] = {
                {"0", 0},
                {"10", 10000000},
                {"10s", 10000000},
                {"10 s", 10000000},
                {"3us", 3},
                {"500ms", 500000},
                {"1min 30s", 90000000},
                {"1min30s", 90000000},
                {"1h 1m 1", 3661000000},
                {"2 hours 5 seconds", 7205000000},
                {"1w 1d", UINT64_C(691200000000)},
                {"5s ", 5000000},
        };

        for (size_t i = 0; i < N_ELEMENTS(good); i++) {
                uint64_t usec = 7;

                assert_int_equal(number_parse_span(good[i].text, &usec), 0);
                assert_int_equal(usec, good[i].usec);
        }
}

static void refuses_what_is_no_time_span(void **state) {
        static const char *const bad[] = {
                "",
                " ",
                "s",
                "ms",
                "-1",
                " 1",
                "1.5s",
                "1x",
                "1 fortnight",
                "01",
                "1s,2s",
                "1S",
                "infinity",
                "18446744073709551616",
                "18446744073709551615",
                "30500569w",
                "18446744073709551615us 1us",
                "1s -1s",
        };

        for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
                uint64_t usec = 7;

                assert_true(number_parse_span(bad[i], &usec) < 0);
                assert_int_equal(usec, 7);
        }
}

static void reads_ranges(void **state) {
        uint64_t first, last;

        assert_int_equal(number_parse_range("61184-65519", UINT32_MAX, &first, &last), 0);
        assert_int_equal(first, 61184);
        assert_int_equal(last, 65519);
        assert_int_equal(number_parse_range("5-5", 5, &first, &last), 0);
        assert_int_equal(first, 5);
        assert_int_equal(last, 5);
}

static void refuses_what_is_no_range(void **state) {
        static const char *const bad[] = {
                "",      "-",    "1",     "1-",      "-1",
                "2-1",   "1--2", "1-2-3", "a-b",     " 1-2",
                "1 - 2", "01-2", "1-101", "101-102", "18446744073709551616-18446744073709551617",
        };

        for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
                uint64_t first = 7, last = 8;

                assert_true(number_parse_range(bad[i], 100, &first, &last) < 0);
                assert_int_equal(first, 7);
                assert_int_equal(last, 8);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_sizes_as_systemd_does),
                cmocka_unit_test(refuses_what_is_no_size),
                cmocka_unit_test(reads_time_spans_as_systemd_does),
                cmocka_unit_test(refuses_what_is_no_time_span),
                cmocka_unit_test(reads_ranges),
                cmocka_unit_test(refuses_what_is_no_range),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
