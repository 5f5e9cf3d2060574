/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "domain/restart.h"
#include "domain/startup.h"

#define SEC UINT64_C(1000000)

static const RestartRule quit = {};
static const RestartRule all = {.restarts = true};

static RestartRule rule_of(const char *text) {
        RestartRule rule;

        assert_int_equal(restart_parse(&rule, text, NULL), 0);
        return rule;
}

/* A short run that ended like this. */
static RunEnd end_of(ExitResult result, int status) {
        return (RunEnd){
                .exit = {.result = result, .status = status, .timestamp_usec = 1},
                .started_usec = 5 * SEC,
                .ended_usec = 6 * SEC,
        };
}

static RestartVerdict decide(const RestartRule *rule, ExitResult result, int status) {
        RunEnd end = end_of(result, status);
        uint64_t delay_usec = 7;
        Backoff backoff = {};
        RestartVerdict verdict = restart_decide(rule, &end, &backoff, &delay_usec);

        assert_int_equal(delay_usec, verdict == RESTART_LATER ? RESTART_DELAY_MIN_USEC : 7);
        return verdict;
}

static bool is_of_never(int code) {
        static const int codes[] = {1, 60, 61, 62, 63, 64};

        for (size_t i = 0; i < N_ELEMENTS(codes); i++)
                if (code == codes[i])
                        return true;
        return false;
}

static void without_a_set_every_code_restarts_but_those_of_never(void **state) {
        for (int code = 0; code < 256; code++)
                assert_int_equal(decide(&all, EXIT_CODE, code),
                                 is_of_never(code) ? RESTART_NEVER : RESTART_LATER);
}

static void with_a_set_its_codes_restart_and_nothing_else(void **state) {
        const RestartRule rule = rule_of("0,70-75");

        for (int code = 0; code < 256; code++)
                assert_int_equal(decide(&rule, EXIT_CODE, code),
                                 code == 0 || (code >= 70 && code <= 75) ? RESTART_LATER
                                                                         : RESTART_NEVER);
        assert_int_equal(decide(&rule, EXIT_SIGNAL, SIGSEGV), RESTART_NEVER);
        assert_int_equal(decide(&rule, EXIT_CORE_DUMP, SIGSEGV), RESTART_NEVER);
        assert_int_equal(decide(&rule, EXIT_OOM_KILL, SIGKILL), RESTART_NEVER);
}

static void a_code_of_never_in_a_set_does_not_help(void **state) {
        RestartRule rule = rule_of("2");

        /* No way leads to such a set, but one may lie on a disk. */
        exit_codes_add(&rule.codes, 1);
        assert_int_equal(decide(&rule, EXIT_CODE, 1), RESTART_NEVER);
}

static void signals_and_lack_of_memory_restart_where_no_set_is_given(void **state) {
        assert_int_equal(decide(&all, EXIT_SIGNAL, SIGKILL), RESTART_LATER);
        assert_int_equal(decide(&all, EXIT_SIGNAL, SIGTERM), RESTART_LATER);
        assert_int_equal(decide(&all, EXIT_CORE_DUMP, SIGSEGV), RESTART_LATER);
        assert_int_equal(decide(&all, EXIT_OOM_KILL, SIGKILL), RESTART_LATER);
}

static void a_forbidden_system_call_never_restarts(void **state) {
        assert_int_equal(decide(&all, EXIT_SIGNAL, SIGSYS), RESTART_NEVER);
        assert_int_equal(decide(&all, EXIT_CORE_DUMP, SIGSYS), RESTART_NEVER);
        /* As an exit code the number means nothing of that kind. */
        assert_int_equal(decide(&all, EXIT_CODE, SIGSYS), RESTART_LATER);
}

static void what_was_asked_for_never_restarts(void **state) {
        for (int status = 0; status < 256; status++)
                assert_int_equal(decide(&all, EXIT_STOPPED, status), RESTART_NEVER);
        assert_int_equal(decide(&all, EXIT_NONE, 0), RESTART_NEVER);
}

static void who_is_to_quit_quits(void **state) {
        for (ExitResult result = 0; result < EXIT_N_RESULTS; result++)
                for (int status = 0; status < 256; status++)
                        assert_int_equal(decide(&quit, result, status), RESTART_NEVER);
}

static void an_unseen_end_is_restarted_once(void **state) {
        const RestartRule rule = rule_of("2");
        RunEnd end = end_of(EXIT_UNKNOWN, 0);
        Backoff backoff = {};
        uint64_t delay_usec;

        assert_int_equal(restart_decide(&rule, &end, &backoff, &delay_usec), RESTART_LATER);
        assert_int_equal(restart_decide(&rule, &end, &backoff, &delay_usec), RESTART_NEVER);
        /* Somebody starts it again: from the beginning. */
        assert_int_equal(restart_decide(&rule, &end, &backoff, &delay_usec), RESTART_LATER);
}

static void a_long_run_or_one_with_a_status_allows_another_unseen_end(void **state) {
        RunEnd unseen = end_of(EXIT_UNKNOWN, 0);
        RunEnd seen = end_of(EXIT_CODE, 2);
        Backoff backoff = {};
        uint64_t delay_usec;

        assert_int_equal(restart_decide(&all, &unseen, &backoff, &delay_usec), RESTART_LATER);
        assert_int_equal(restart_decide(&all, &seen, &backoff, &delay_usec), RESTART_LATER);
        assert_int_equal(restart_decide(&all, &unseen, &backoff, &delay_usec), RESTART_LATER);
        assert_int_equal(delay_usec, 4 * RESTART_DELAY_MIN_USEC);
        unseen.ended_usec = unseen.started_usec + RESTART_STEADY_USEC;
        assert_int_equal(restart_decide(&all, &unseen, &backoff, &delay_usec), RESTART_LATER);
        assert_int_equal(delay_usec, RESTART_DELAY_MIN_USEC);
}

static void arguments_not_understood_are_tried_without_the_name(void **state) {
        const RestartRule rules[] = {quit, all, rule_of("2")};
        RunEnd end = end_of(EXIT_CODE, 64);

        for (size_t i = 0; i < N_ELEMENTS(rules); i++) {
                Backoff backoff = {.delay_usec = 5 * SEC};
                uint64_t delay_usec = 7;

                end.add_name = true;
                assert_int_equal(restart_decide(&rules[i], &end, &backoff, &delay_usec),
                                 RESTART_WITHOUT_NAME);
                assert_int_equal(delay_usec, 0);
                assert_int_equal(backoff.delay_usec, 5 * SEC);

                /* The next one had no name. */
                end.add_name = false;
                assert_int_equal(restart_decide(&rules[i], &end, &backoff, &delay_usec),
                                 RESTART_NEVER);
        }
}

static void a_stop_counts_more_than_the_name(void **state) {
        RunEnd end = end_of(EXIT_STOPPED, 64);
        uint64_t delay_usec;
        Backoff backoff = {};

        end.add_name = true;
        assert_int_equal(restart_decide(&all, &end, &backoff, &delay_usec), RESTART_NEVER);
}

static void delays_double_up_to_a_minute(void **state) {
        static const uint64_t expected_ms[] = {100,   200,   400,   800,   1600,  3200, 6400,
                                               12800, 25600, 51200, 60000, 60000, 60000};
        const RunEnd end = end_of(EXIT_CODE, 2);
        Backoff backoff = {};
        uint64_t delay_usec;

        for (size_t i = 0; i < N_ELEMENTS(expected_ms); i++) {
                assert_int_equal(restart_decide(&all, &end, &backoff, &delay_usec), RESTART_LATER);
                assert_int_equal(delay_usec, expected_ms[i] * 1000);
        }
}

static void ten_seconds_of_running_make_the_delay_short_again(void **state) {
        RunEnd end = end_of(EXIT_CODE, 2);
        Backoff backoff = {.delay_usec = 12 * SEC};
        uint64_t delay_usec;

        end.ended_usec = end.started_usec + RESTART_STEADY_USEC - 1;
        assert_int_equal(restart_decide(&all, &end, &backoff, &delay_usec), RESTART_LATER);
        assert_int_equal(delay_usec, 12 * SEC);
        end.ended_usec++;
        assert_int_equal(restart_decide(&all, &end, &backoff, &delay_usec), RESTART_LATER);
        assert_int_equal(delay_usec, RESTART_DELAY_MIN_USEC);
        assert_int_equal(restart_decide(&all, &end, &backoff, &delay_usec), RESTART_LATER);
        assert_int_equal(delay_usec, RESTART_DELAY_MIN_USEC);
}

static void a_clock_that_goes_back_is_no_long_run(void **state) {
        RunEnd end = end_of(EXIT_CODE, 2);
        Backoff backoff = {.delay_usec = 12 * SEC};
        uint64_t delay_usec;

        end.started_usec = UINT64_MAX;
        end.ended_usec = 0;
        assert_int_equal(restart_decide(&all, &end, &backoff, &delay_usec), RESTART_LATER);
        assert_int_equal(delay_usec, 12 * SEC);
}

static void a_start_that_can_not_begin_backs_off_as_well(void **state) {
        Backoff backoff = {};

        assert_int_equal(backoff_next(&backoff), RESTART_DELAY_MIN_USEC);
        assert_int_equal(backoff_next(&backoff), 2 * RESTART_DELAY_MIN_USEC);
}

static void a_delay_from_a_disk_is_bounded(void **state) {
        static const uint64_t delays[] = {0, 1, 99999, 60000001, UINT64_MAX / 2 + 1, UINT64_MAX};

        for (size_t i = 0; i < N_ELEMENTS(delays); i++) {
                Backoff backoff = {.delay_usec = delays[i]};
                uint64_t delay_usec = backoff_next(&backoff);

                assert_in_range(delay_usec, RESTART_DELAY_MIN_USEC, RESTART_DELAY_MAX_USEC);
                assert_in_range(backoff.delay_usec, delay_usec, RESTART_DELAY_MAX_USEC);
        }
}

/* The rules once more, as they are written down in the header, for anything that may come. */
static bool plain_rule(const RestartRule *rule, const RunEnd *end, bool unseen_before) {
        ExitResult result = end->exit.result;
        bool any = true;

        for (unsigned code = 0; code < 256; code++)
                any = any && !exit_codes_contain(&rule->codes, code);
        if (result == EXIT_STOPPED || result == EXIT_NONE || !rule->restarts)
                return false;
        if (result == EXIT_UNKNOWN)
                return !unseen_before;
        if (result == EXIT_CODE && is_of_never(end->exit.status))
                return false;
        if (result == EXIT_CODE && !any)
                return exit_codes_contain(&rule->codes, (unsigned) end->exit.status);
        if ((result == EXIT_SIGNAL || result == EXIT_CORE_DUMP) && end->exit.status == SIGSYS)
                return false;
        return any;
}

static void random_lives_follow_the_rules(void **state) {
        RestartRule rule = {};
        Backoff backoff = {};
        bool unseen = false;
        uint64_t expected_usec = RESTART_DELAY_MIN_USEC;

        srandom(5);
        for (unsigned n = 0; n < 200000; n++) {
                uint64_t delay_usec = 7, long_run = random() % 4 == 0;
                RestartVerdict verdict;
                RunEnd end = end_of((ExitResult) (random() % EXIT_N_RESULTS), 0);

                if (random() % 16 == 0) {
                        rule = (RestartRule){.restarts = random() % 4 != 0};
                        for (long i = random() % 4; i > 0; i--)
                                exit_codes_add(&rule.codes, (unsigned) (random() % 70));
                }
                end.exit.status = (int) (random() % (end.exit.result == EXIT_CODE ? 70 : 32));
                end.add_name = random() % 2;
                end.ended_usec += long_run ? RESTART_STEADY_USEC : 0;
                if (long_run) {
                        expected_usec = RESTART_DELAY_MIN_USEC;
                        unseen = false;
                }

                verdict = restart_decide(&rule, &end, &backoff, &delay_usec);
                if (end.add_name && end.exit.result == EXIT_CODE && end.exit.status == 64) {
                        assert_int_equal(verdict, RESTART_WITHOUT_NAME);
                        continue;
                }
                if (!plain_rule(&rule, &end, unseen)) {
                        assert_int_equal(verdict, RESTART_NEVER);
                        assert_int_equal(delay_usec, 7);
                        expected_usec = RESTART_DELAY_MIN_USEC;
                        unseen = false;
                        continue;
                }
                assert_int_equal(verdict, RESTART_LATER);
                assert_int_equal(delay_usec, expected_usec);
                expected_usec = MIN_OF(2 * expected_usec, RESTART_DELAY_MAX_USEC);
                unseen = end.exit.result == EXIT_UNKNOWN;
        }
}

static void an_end_becomes_an_event(void **state) {
        const Exit bad = {.result = EXIT_CODE, .status = 2}, good = {.result = EXIT_CODE};

        assert_int_equal(restart_event(RESTART_LATER, bad), LIFE_AGAIN);
        assert_int_equal(restart_event(RESTART_LATER, good), LIFE_AGAIN);
        assert_int_equal(restart_event(RESTART_WITHOUT_NAME, bad), LIFE_AGAIN);
        assert_int_equal(restart_event(RESTART_NEVER, bad), LIFE_DIED);
        assert_int_equal(restart_event(RESTART_NEVER, good), LIFE_ENDED);
        assert_int_equal(restart_event(RESTART_NEVER, (Exit){.result = EXIT_STOPPED, .status = 1}),
                         LIFE_ENDED);
}

static void a_rule_is_read_and_written(void **state) {
        static const char *const texts[][2] = {
                {"no", "no"},   {"all", "all"},   {"0", "0"},
                {"2,0", "0,2"}, {"2,2,2", "2"},   {"70-75,76", "70-76"},
                {"255", "255"}, {"2-59", "2-59"}, {"65-255,0", "0,65-255"},
                {"3-3", "3"},
        };
        char text[RESTART_TEXT_MAX + 1];
        RestartRule rule;

        for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
                assert_int_equal(restart_parse(&rule, texts[i][0], NULL), 0);
                restart_format(&rule, text);
                assert_string_equal(text, texts[i][1]);
        }
        assert_int_equal(restart_parse(&rule, NULL, NULL), 0);
        assert_memory_equal(&rule, &all, sizeof(rule));
}

static void what_is_no_rule_is_refused(void **state) {
        static const char *const texts[] = {
                "",
                ",",
                "2,",
                ",2",
                "2,,3",
                "256",
                "-1",
                "+2",
                "02",
                " 2",
                "2 ",
                "5-2",
                "2-",
                "-2",
                "2-256",
                "2-3-4",
                "yes",
                "No",
                "ALL",
                "no,2",
                "2,no",
                "2;3",
                "99999999999999999999999999",
                "0x2",
                "2-99999999999999999999",
        };
        RestartRule rule, before;

        memset(&before, 0x5a, sizeof(before));
        for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
                Fault fault = {};

                rule = before;
                assert_int_equal(restart_parse(&rule, texts[i], &fault), -EINVAL);
                assert_int_equal(fault.code, FAULT_INVALID_ARGUMENT);
                assert_memory_equal(&rule, &before, sizeof(rule));
        }
}

static void a_code_that_never_restarts_is_refused_by_its_number(void **state) {
        static const struct {
                const char *text, *named;
        } sets[] = {{"1", "code 1 "},     {"0,1,2", "code 1 "},  {"60", "code 60 "},
                    {"2,64", "code 64 "}, {"2-255", "code 60 "}, {"62,63", "code 62 "}};

        for (size_t i = 0; i < N_ELEMENTS(sets); i++) {
                RestartRule rule;
                Fault fault = {};

                assert_int_equal(restart_parse(&rule, sets[i].text, &fault), -EINVAL);
                assert_non_null(strstr(fault.message, sets[i].named));
        }
}

static void numbers_make_a_set_and_come_back(void **state) {
        static const uint32_t numbers[] = {255, 0, 7, 7};
        uint32_t back[EXIT_CODES_MAX];
        ExitCodes codes = {}, untouched;
        Fault fault = {};

        assert_int_equal(exit_codes_from_numbers(&codes, numbers, 4, NULL), 0);
        assert_int_equal(exit_codes_to_numbers(&codes, back), 3);
        assert_int_equal(back[0], 0);
        assert_int_equal(back[1], 7);
        assert_int_equal(back[2], 255);

        untouched = codes;
        assert_int_equal(exit_codes_from_numbers(&codes, (const uint32_t[]){2, 256}, 2, &fault),
                         -EINVAL);
        assert_non_null(strstr(fault.message, "256"));
        assert_true(exit_codes_equal(&codes, &untouched));

        assert_int_equal(exit_codes_from_numbers(&codes, NULL, 0, NULL), 0);
        assert_true(exit_codes_are_empty(&codes));
}

static void the_longest_text_of_a_set_fits(void **state) {
        char text[EXIT_CODES_TEXT_MAX + 1];
        ExitCodes codes = {}, again;
        size_t longest = 0;

        for (unsigned step = 2; step < 6; step++) {
                codes = (ExitCodes){};
                for (unsigned code = 0; code < EXIT_CODES_MAX; code++)
                        if (code % step != step - 1)
                                exit_codes_add(&codes, code);
                exit_codes_format(&codes, text);
                longest = MAX_OF(longest, strlen(text));
                assert_int_equal(exit_codes_parse(&again, text, NULL), 0);
                assert_true(exit_codes_equal(&codes, &again));
        }
        assert_in_range(longest, 500, EXIT_CODES_TEXT_MAX);
}

static void a_startup_priority_is_a_small_number(void **state) {
        static const char *const refused[] = {"", "-1", "65536", "050", "x", "1 ", "4294967296"};
        uint32_t priority = 7;
        Fault fault = {};

        assert_int_equal(startup_parse(&priority, "0", NULL), 0);
        assert_int_equal(priority, 0);
        assert_int_equal(startup_parse(&priority, "65535", NULL), 0);
        assert_int_equal(priority, 65535);
        for (size_t i = 0; i < N_ELEMENTS(refused); i++) {
                assert_int_equal(startup_parse(&priority, refused[i], &fault), -EINVAL);
                assert_int_equal(priority, 65535);
        }
        assert_int_equal(startup_check(STARTUP_MAX, NULL), 0);
        assert_int_equal(startup_check(STARTUP_MAX + 1ULL, &fault), -EINVAL);
        assert_non_null(strstr(fault.message, "65536"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(without_a_set_every_code_restarts_but_those_of_never),
                cmocka_unit_test(with_a_set_its_codes_restart_and_nothing_else),
                cmocka_unit_test(a_code_of_never_in_a_set_does_not_help),
                cmocka_unit_test(signals_and_lack_of_memory_restart_where_no_set_is_given),
                cmocka_unit_test(a_forbidden_system_call_never_restarts),
                cmocka_unit_test(what_was_asked_for_never_restarts),
                cmocka_unit_test(who_is_to_quit_quits),
                cmocka_unit_test(an_unseen_end_is_restarted_once),
                cmocka_unit_test(a_long_run_or_one_with_a_status_allows_another_unseen_end),
                cmocka_unit_test(arguments_not_understood_are_tried_without_the_name),
                cmocka_unit_test(a_stop_counts_more_than_the_name),
                cmocka_unit_test(delays_double_up_to_a_minute),
                cmocka_unit_test(ten_seconds_of_running_make_the_delay_short_again),
                cmocka_unit_test(a_clock_that_goes_back_is_no_long_run),
                cmocka_unit_test(a_start_that_can_not_begin_backs_off_as_well),
                cmocka_unit_test(a_delay_from_a_disk_is_bounded),
                cmocka_unit_test(random_lives_follow_the_rules),
                cmocka_unit_test(an_end_becomes_an_event),
                cmocka_unit_test(a_rule_is_read_and_written),
                cmocka_unit_test(what_is_no_rule_is_refused),
                cmocka_unit_test(a_code_that_never_restarts_is_refused_by_its_number),
                cmocka_unit_test(numbers_make_a_set_and_come_back),
                cmocka_unit_test(the_longest_text_of_a_set_fits),
                cmocka_unit_test(a_startup_priority_is_a_small_number),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
