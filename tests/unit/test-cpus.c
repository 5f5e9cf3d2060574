/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "domain/cpus.h"

static void assert_text(const char *list, const char *expected) {
        char text[CPUS_TEXT_MAX + 1];
        Cpus cpus;

        assert_int_equal(cpus_parse(&cpus, list, NULL), 0);
        cpus_format(&cpus, text);
        assert_string_equal(text, expected);
}

static void reads_ids_and_ranges_in_any_order(void **state) {
        assert_text("0", "0");
        assert_text("0-3,6", "0-3,6");
        assert_text("6,3,2,1,0", "0-3,6");
        assert_text("5-5", "5");
        assert_text("0-3,2-5,4", "0-5");
        assert_text("1023", "1023");
        assert_text("0-1023", "0-1023");
        assert_text("62-65", "62-65");
}

static void refuses_what_is_no_list(void **state) {
        static const char *const wrong[] = {
                "",
                ",",
                "0,",
                ",0",
                "0,,1",
                "-",
                "-1",
                "1-",
                "1-2-3",
                "a",
                "0x1",
                " 0",
                "0 ",
                "0, 1",
                "00",
                "01",
                "+1",
                "0-",
                "3-1",
                "1024",
                "0-1024",
                "4294967296",
                "18446744073709551616",
                "0;1",
                "all",
                "99999999999999999999999999999999999999999999",
        };
        static const Cpus before = {.words = {7}};

        for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
                Fault fault = {};
                Cpus cpus = before;

                assert_int_equal(cpus_parse(&cpus, wrong[i], &fault), -EINVAL);
                assert_int_equal(fault.code, FAULT_INVALID_ARGUMENT);
                assert_true(fault.message[0] != '\0');
                assert_memory_equal(&cpus, &before, sizeof(cpus));
        }
}

static void says_which_cpu_is_too_high(void **state) {
        Fault fault = {};
        Cpus cpus;

        cpus_parse(&cpus, "0-3,1024", &fault);
        assert_string_equal(fault.message,
                            "The CPU list \"0-3,1024\" has the CPU 1024, the highest "
                            "one possible is 1023");
}

static void cuts_a_long_list_in_its_refusal(void **state) {
        char list[5000];
        Fault fault = {};
        Cpus cpus;

        memset(list, 'x', sizeof(list) - 1);
        list[sizeof(list) - 1] = '\0';
        assert_int_equal(cpus_parse(&cpus, list, &fault), -EINVAL);
        assert_true(strlen(fault.message) < 200);
}

static void the_longest_text_fits(void **state) {
        char text[CPUS_TEXT_MAX + 1];
        Cpus cpus = {}, again;

        for (unsigned id = 0; id < CPUS_MAX; id++)
                if (id % 3 != 2)
                        cpus.words[id / 64] |= UINT64_C(1) << (id % 64);
        cpus_format(&cpus, text);
        assert_true(strlen(text) <= CPUS_TEXT_MAX);
        assert_int_equal(cpus_parse(&again, text, NULL), 0);
        assert_memory_equal(&cpus, &again, sizeof(cpus));
}

static void ids_go_there_and_back(void **state) {
        static const uint32_t ids[] = {1023, 0, 64, 63, 0};
        static const uint32_t sorted[] = {0, 63, 64, 1023};
        uint32_t out[CPUS_MAX];
        Cpus cpus;

        assert_int_equal(cpus_from_ids(&cpus, ids, N_ELEMENTS(ids), NULL), 0);
        assert_int_equal(cpus_to_ids(&cpus, out), N_ELEMENTS(sorted));
        assert_memory_equal(out, sorted, sizeof(sorted));
        assert_true(cpus_contains(&cpus, 63));
        assert_false(cpus_contains(&cpus, 62));
        assert_false(cpus_contains(&cpus, 1024));
        assert_false(cpus_contains(&cpus, UINT32_MAX));
}

static void refuses_ids_out_of_bounds_and_none_at_all(void **state) {
        static const Cpus before = {.words = {7}};
        Cpus cpus = before;
        Fault fault = {};

        assert_int_equal(cpus_from_ids(&cpus, NULL, 0, &fault), -EINVAL);
        assert_int_equal(cpus_from_ids(&cpus, (uint32_t[]){0, 1024}, 2, &fault), -EINVAL);
        assert_string_equal(fault.message,
                            "There is no CPU 1024, the highest one possible is 1023");
        assert_int_equal(cpus_from_ids(&cpus, (uint32_t[]){UINT32_MAX}, 1, &fault), -EINVAL);
        assert_memory_equal(&cpus, &before, sizeof(cpus));
}

static void knows_subsets(void **state) {
        Cpus some, more;

        assert_int_equal(cpus_parse(&some, "1,1000", NULL), 0);
        assert_int_equal(cpus_parse(&more, "0-1000", NULL), 0);
        assert_true(cpus_is_subset(&some, &more));
        assert_true(cpus_is_subset(&some, &some));
        assert_false(cpus_is_subset(&more, &some));
        assert_true(cpus_is_subset(&(Cpus){}, &some));
        assert_true(cpus_is_empty(&(Cpus){}));
        assert_false(cpus_is_empty(&some));
}

static void an_empty_set_is_an_empty_text(void **state) {
        char text[CPUS_TEXT_MAX + 1] = "x";

        cpus_format(&(Cpus){}, text);
        assert_string_equal(text, "");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_ids_and_ranges_in_any_order),
                cmocka_unit_test(refuses_what_is_no_list),
                cmocka_unit_test(says_which_cpu_is_too_high),
                cmocka_unit_test(cuts_a_long_list_in_its_refusal),
                cmocka_unit_test(the_longest_text_fits),
                cmocka_unit_test(ids_go_there_and_back),
                cmocka_unit_test(refuses_ids_out_of_bounds_and_none_at_all),
                cmocka_unit_test(knows_subsets),
                cmocka_unit_test(an_empty_set_is_an_empty_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
