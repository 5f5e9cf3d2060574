/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "domain/lifecycle.h"

static void check(State from, LifeEvent event, State to, LifeAction action) {
        LifeStep step = lifecycle_step(from, event);

        assert_int_equal(step.action, action);
        assert_int_equal(step.state, to);
}

static void a_request_is_answered_in_every_state(void **state) {
        for (State from = 0; from < STATE_N_STATES; from++) {
                assert_int_not_equal(lifecycle_step(from, LIFE_START).action, LIFE_IMPOSSIBLE);
                assert_int_not_equal(lifecycle_step(from, LIFE_STOP).action, LIFE_IMPOSSIBLE);
        }
}

static void a_life_goes_from_stopped_to_stopped(void **state) {
        check(STATE_STOPPED, LIFE_START, STATE_STARTING, LIFE_BEGIN);
        check(STATE_STARTING, LIFE_STARTED, STATE_RUNNING, LIFE_SETTLE);
        check(STATE_RUNNING, LIFE_STOP, STATE_STOPPING, LIFE_KILL);
        check(STATE_STOPPING, LIFE_ENDED, STATE_STOPPED, LIFE_SETTLE);
}

static void who_dies_by_itself_has_failed_and_may_start_again(void **state) {
        check(STATE_RUNNING, LIFE_DIED, STATE_FAILED, LIFE_SETTLE);
        check(STATE_FAILED, LIFE_START, STATE_STARTING, LIFE_BEGIN);
        check(STATE_FAILED, LIFE_STOP, STATE_STOPPED, LIFE_NOTHING);
        /* Dying while being stopped is what was asked for. */
        check(STATE_STOPPING, LIFE_DIED, STATE_STOPPED, LIFE_SETTLE);
}

static void the_same_request_twice_joins_the_first(void **state) {
        check(STATE_STARTING, LIFE_START, STATE_STARTING, LIFE_JOIN);
        check(STATE_STOPPING, LIFE_STOP, STATE_STOPPING, LIFE_JOIN);
        check(STATE_RUNNING, LIFE_START, STATE_RUNNING, LIFE_NOTHING);
        check(STATE_STOPPED, LIFE_STOP, STATE_STOPPED, LIFE_NOTHING);
}

static void a_start_can_be_stopped_but_not_a_stop_started(void **state) {
        check(STATE_STARTING, LIFE_STOP, STATE_STOPPING, LIFE_CANCEL);
        check(STATE_STOPPING, LIFE_START_FAILED, STATE_STOPPED, LIFE_SETTLE);
        check(STATE_STOPPING, LIFE_START, STATE_STOPPING, LIFE_REFUSE);
}

static void what_does_not_run_does_not_end(void **state) {
        check(STATE_STOPPED, LIFE_ENDED, STATE_STOPPED, LIFE_IMPOSSIBLE);
        check(STATE_FAILED, LIFE_STARTED, STATE_STOPPED, LIFE_IMPOSSIBLE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_request_is_answered_in_every_state),
                cmocka_unit_test(a_life_goes_from_stopped_to_stopped),
                cmocka_unit_test(who_dies_by_itself_has_failed_and_may_start_again),
                cmocka_unit_test(the_same_request_twice_joins_the_first),
                cmocka_unit_test(a_start_can_be_stopped_but_not_a_stop_started),
                cmocka_unit_test(what_does_not_run_does_not_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
