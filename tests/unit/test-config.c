/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "domain/config.h"

static const Name name = {"alice:web"};

static void check_refused(const Config *config, FaultCode code, const char *expected) {
        Fault fault = {};

        assert_true(config_check(config, &name, &fault) < 0);
        assert_int_equal(fault.code, code);
        assert_non_null(strstr(fault.message, expected));
}

static void takes_what_could_be(void **state) {
        Config config = {.memory_bytes = CONFIG_MEMORY_MIN};

        assert_int_equal(config_check(&config, &name, NULL), 0);
        /* How much there may be is not looked at here. */
        config.memory_bytes = 1ULL << 50;
        config.cpus.words[1] = 1ULL << 13;
        assert_int_equal(config_check(&config, &name, NULL), 0);
}

static void refuses_memory_out_of_bounds(void **state) {
        Config config = {};

        check_refused(&config, FAULT_INVALID_ARGUMENT, "at least 1 MiB");
        config.memory_bytes = CONFIG_MEMORY_MIN + 4096;
        check_refused(&config, FAULT_INVALID_ARGUMENT, "multiple of 1 MiB");
}

static void refuses_arguments_that_a_guest_can_not_take(void **state) {
        Config config = {.memory_bytes = CONFIG_MEMORY_MIN};
        char *text = calloc(1, CONFIG_ARGUMENTS_MAX + 2);

        assert_non_null(text);
        memset(text, 'x', CONFIG_ARGUMENTS_MAX);
        assert_int_equal(strings_append(&config.arguments, text), 0);
        assert_int_equal(config_check(&config, &name, NULL), 0);

        /* The name that is added counts, too. */
        config.add_name = true;
        check_refused(&config, FAULT_INVALID_ARGUMENT, "at most 8191");

        config.add_name = false;
        assert_int_equal(strings_append(&config.arguments, ""), 0);
        check_refused(&config, FAULT_INVALID_ARGUMENT, "at most 8191");
        config_clear(&config);
        free(text);
}

static void the_name_comes_before_the_other_arguments(void **state) {
        Config config = {.add_name = true};
        Strings arguments = {};
        const char *text = NULL;

        assert_int_equal(strings_append(&config.arguments, "--hello"), 0);
        assert_int_equal(strings_append(&config.arguments, ""), 0);
        assert_int_equal(config_guest_arguments(&arguments, &config, &name), 0);
        assert_string_equal(text = strings_next(&arguments, text), "--name=web");
        assert_string_equal(text = strings_next(&arguments, text), "--hello");
        assert_string_equal(text = strings_next(&arguments, text), "");
        assert_null(strings_next(&arguments, text));
        strings_clear(&arguments);
        config_clear(&config);
}

static void a_copy_is_its_own(void **state) {
        Config config = {.memory_bytes = 5}, copy;

        assert_int_equal(strings_append(&config.arguments, "secret"), 0);
        assert_int_equal(config_copy(&copy, &config), 0);
        config_clear(&config);
        assert_int_equal(copy.memory_bytes, 5);
        assert_string_equal(strings_next(&copy.arguments, NULL), "secret");
        config_clear(&copy);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_what_could_be),
                cmocka_unit_test(refuses_memory_out_of_bounds),
                cmocka_unit_test(refuses_arguments_that_a_guest_can_not_take),
                cmocka_unit_test(the_name_comes_before_the_other_arguments),
                cmocka_unit_test(a_copy_is_its_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
