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
        check(STATE_FAILED, LIFE_STARTED, STATE_FAILED, LIFE_IMPOSSIBLE);
        check(STATE_WAITING, LIFE_AGAIN, STATE_WAITING, LIFE_IMPOSSIBLE);
}

static void one_that_is_to_run_again_waits_and_can_be_told_not_to(void **state) {
        check(STATE_RUNNING, LIFE_AGAIN, STATE_WAITING, LIFE_DELAY);
        check(STATE_STARTING, LIFE_START_HELD, STATE_WAITING, LIFE_DELAY);
        check(STATE_WAITING, LIFE_DUE, STATE_STARTING, LIFE_BEGIN);
        check(STATE_WAITING, LIFE_START, STATE_STARTING, LIFE_BEGIN);
        check(STATE_WAITING, LIFE_STOP, STATE_STOPPED, LIFE_GIVE_UP);
        /* What was asked for while it ran counts more than its exit rules. */
        check(STATE_STOPPING, LIFE_AGAIN, STATE_STOPPED, LIFE_SETTLE);
        check(STATE_STOPPING, LIFE_START_HELD, STATE_STOPPED, LIFE_SETTLE);
}

static void a_stop_that_comes_too_late_for_the_start_kills(void **state) {
        check(STATE_STOPPING, LIFE_STARTED, STATE_STOPPING, LIFE_KILL);
}

static void what_is_found_running_runs(void **state) {
        check(STATE_STOPPED, LIFE_ADOPTED, STATE_RUNNING, LIFE_SETTLE);
        check(STATE_FAILED, LIFE_ADOPTED, STATE_RUNNING, LIFE_SETTLE);
        check(STATE_WAITING, LIFE_ADOPTED, STATE_RUNNING, LIFE_SETTLE);
        check(STATE_RUNNING, LIFE_ADOPTED, STATE_RUNNING, LIFE_IGNORE);
        check(STATE_STOPPING, LIFE_ADOPTED, STATE_STOPPING, LIFE_IMPOSSIBLE);
        check(STATE_STARTING, LIFE_ADOPTED, STATE_STARTING, LIFE_IMPOSSIBLE);
}

static bool is_request(LifeEvent event) {
        return event == LIFE_START || event == LIFE_STOP;
}

/* What each action promises, whichever cell it stands in. */
static void check_cell(State from, LifeEvent event) {
        LifeStep step = lifecycle_step(from, event);

        assert_true(step.state < STATE_N_STATES);
        switch (step.action) {
        case LIFE_UNDECIDED:
                fail_msg("Nobody has decided what event %u means when %s", (unsigned) event,
                         state_to_string(from));
                break;
        case LIFE_IMPOSSIBLE:
        case LIFE_IGNORE:
                assert_false(is_request(event));
                assert_int_equal(step.state, from);
                break;
        case LIFE_REFUSE:
        case LIFE_JOIN:
                assert_true(is_request(event));
                assert_int_equal(step.state, from);
                assert_true(from == STATE_STARTING || from == STATE_STOPPING);
                break;
        case LIFE_NOTHING:
        case LIFE_GIVE_UP:
                assert_true(is_request(event));
                assert_int_equal(step.state, event == LIFE_START ? STATE_RUNNING : STATE_STOPPED);
                break;
        case LIFE_BEGIN:
                assert_true(event == LIFE_START || event == LIFE_DUE);
                assert_int_equal(step.state, STATE_STARTING);
                break;
        case LIFE_CANCEL:
        case LIFE_KILL:
                assert_int_equal(step.state, STATE_STOPPING);
                break;
        case LIFE_DELAY:
                assert_int_equal(step.state, STATE_WAITING);
                break;
        case LIFE_SETTLE:
                assert_false(is_request(event));
                assert_true(step.state == STATE_STOPPED || step.state == STATE_FAILED ||
                            step.state == STATE_RUNNING);
                break;
        }
}

static void every_cell_is_decided_and_its_action_fits(void **state) {
        for (State from = 0; from < STATE_N_STATES; from++)
                for (LifeEvent event = 0; event < LIFE_N_EVENTS; event++)
                        check_cell(from, event);
}

/* One digit for each event in its order, the state that it leads to; "." is impossible. */
static void the_whole_table_is_this_one(void **state) {
        static const char *const rows[STATE_N_STATES] = {
                [STATE_STOPPED] = "10......02", [STATE_STARTING] = "13245...1.",
                [STATE_RUNNING] = "23...04522", [STATE_STOPPING] = "333000003.",
                [STATE_FAILED] = "10......42",  [STATE_WAITING] = "10......12",
        };

        for (State from = 0; from < STATE_N_STATES; from++)
                for (LifeEvent event = 0; event < LIFE_N_EVENTS; event++) {
                        LifeStep step = lifecycle_step(from, event);

                        if (rows[from][event] == '.')
                                assert_int_equal(step.action, LIFE_IMPOSSIBLE);
                        else {
                                assert_int_not_equal(step.action, LIFE_IMPOSSIBLE);
                                assert_int_equal(step.state, rows[from][event] - '0');
                        }
                }
}

static unsigned reachable(State from) {
        unsigned seen = 1U << from, before;

        do {
                before = seen;
                for (State at = 0; at < STATE_N_STATES; at++)
                        for (LifeEvent event = 0; event < LIFE_N_EVENTS; event++)
                                if (seen & 1U << at)
                                        seen |= 1U << lifecycle_step(at, event).state;
        } while (seen != before);
        return seen;
}

static void every_state_can_be_reached_from_every_other(void **state) {
        for (State from = 0; from < STATE_N_STATES; from++)
                assert_int_equal(reachable(from), (1U << STATE_N_STATES) - 1);
}

static void a_stop_leads_to_stopped_from_everywhere(void **state) {
        for (State from = 0; from < STATE_N_STATES; from++) {
                State at = lifecycle_step(from, LIFE_STOP).state;

                if (at == STATE_STOPPED)
                        continue;
                assert_int_equal(at, STATE_STOPPING);
                for (LifeEvent event = 0; event < LIFE_N_EVENTS; event++) {
                        State next = lifecycle_step(at, event).state;

                        assert_true(next == STATE_STOPPING || next == STATE_STOPPED);
                }
        }
}

static void memory_is_taken_from_the_start_to_the_end(void **state) {
        assert_false(state_takes_memory(STATE_STOPPED));
        assert_false(state_takes_memory(STATE_FAILED));
        assert_true(state_takes_memory(STATE_STARTING));
        assert_true(state_takes_memory(STATE_RUNNING));
        assert_true(state_takes_memory(STATE_STOPPING));
        assert_true(state_takes_memory(STATE_WAITING));
}

static void each_state_has_a_word_of_its_own(void **state) {
        for (State one = 0; one < STATE_N_STATES; one++)
                for (State other = 0; other < one; other++)
                        assert_string_not_equal(state_to_string(one), state_to_string(other));
        assert_string_equal(state_to_string(STATE_WAITING), "waiting");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_request_is_answered_in_every_state),
                cmocka_unit_test(a_life_goes_from_stopped_to_stopped),
                cmocka_unit_test(who_dies_by_itself_has_failed_and_may_start_again),
                cmocka_unit_test(the_same_request_twice_joins_the_first),
                cmocka_unit_test(a_start_can_be_stopped_but_not_a_stop_started),
                cmocka_unit_test(what_does_not_run_does_not_end),
                cmocka_unit_test(one_that_is_to_run_again_waits_and_can_be_told_not_to),
                cmocka_unit_test(a_stop_that_comes_too_late_for_the_start_kills),
                cmocka_unit_test(what_is_found_running_runs),
                cmocka_unit_test(every_cell_is_decided_and_its_action_fits),
                cmocka_unit_test(the_whole_table_is_this_one),
                cmocka_unit_test(every_state_can_be_reached_from_every_other),
                cmocka_unit_test(a_stop_leads_to_stopped_from_everywhere),
                cmocka_unit_test(memory_is_taken_from_the_start_to_the_end),
                cmocka_unit_test(each_state_has_a_word_of_its_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
