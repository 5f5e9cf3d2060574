/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "domain/exit.h"

/* wait(2)'s encoding: the exit status in the second byte, the signal in the first, 0x80 for a core.
 */
static void reads_a_wait_status(void **state) {
        Exit exit;

        exit = exit_from_wait_status(3 << 8, false, 42);
        assert_int_equal(exit.result, EXIT_CODE);
        assert_int_equal(exit.status, 3);
        assert_int_equal(exit.timestamp_usec, 42);
        exit = exit_from_wait_status(SIGSYS, false, 0);
        assert_int_equal(exit.result, EXIT_SIGNAL);
        assert_int_equal(exit.status, SIGSYS);
        exit = exit_from_wait_status(SIGSEGV | 0x80, false, 0);
        assert_int_equal(exit.result, EXIT_CORE_DUMP);
        exit = exit_from_wait_status(EXIT_WAIT_STATUS_UNKNOWN, false, 0);
        assert_int_equal(exit.result, EXIT_UNKNOWN);
}

static void what_was_asked_for_is_no_failure_whatever_the_status(void **state) {
        assert_int_equal(exit_from_wait_status(1 << 8, true, 0).result, EXIT_STOPPED);
        assert_int_equal(exit_from_wait_status(SIGKILL, true, 0).result, EXIT_STOPPED);
        assert_false(exit_is_failure(exit_from_wait_status(SIGKILL, true, 0)));
}

static void only_code_0_is_well(void **state) {
        assert_false(exit_is_failure(exit_from_wait_status(0, false, 0)));
        assert_true(exit_is_failure(exit_from_wait_status(1 << 8, false, 0)));
        assert_true(exit_is_failure(exit_from_wait_status(255 << 8, false, 0)));
        assert_true(exit_is_failure(exit_from_wait_status(SIGTERM, false, 0)));
        assert_true(exit_is_failure((Exit){.result = EXIT_OOM_KILL}));
        assert_true(exit_is_failure((Exit){.result = EXIT_UNKNOWN}));
        assert_false(exit_is_failure((Exit){.result = EXIT_NONE}));
}

static void only_code_64_refuses_arguments(void **state) {
        assert_true(exit_refuses_arguments((Exit){.result = EXIT_CODE, .status = 64}));
        assert_false(exit_refuses_arguments((Exit){.result = EXIT_CODE, .status = 63}));
        assert_false(exit_refuses_arguments((Exit){.result = EXIT_SIGNAL, .status = 64}));
        assert_false(exit_refuses_arguments((Exit){.result = EXIT_STOPPED, .status = 64}));
}

static void words_go_there_and_back(void **state) {
        for (ExitResult result = 0; result < EXIT_N_RESULTS; result++)
                assert_int_equal(exit_result_from_string(exit_result_to_string(result)), result);
        assert_int_equal(exit_result_from_string("melted"), EXIT_UNKNOWN);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_a_wait_status),
                cmocka_unit_test(what_was_asked_for_is_no_failure_whatever_the_status),
                cmocka_unit_test(only_code_0_is_well),
                cmocka_unit_test(only_code_64_refuses_arguments),
                cmocka_unit_test(words_go_there_and_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
