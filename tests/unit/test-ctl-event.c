/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ctl/event.h"

#define NOW_USEC UINT64_C(1763766082123456) /* 2025-11-21 23:01:22.123456 UTC */

static void assert_printed(const Event *event, JsonMode mode, const char *expected) {
        _cleanup_(freep) char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        assert_int_equal(event_print(out, event, mode), 0);
        fclose(out);
        assert_string_equal(text, expected);
}

static void says_what_happened_in_one_line(void **state) {
        assert_printed(&(Event){.kind = EVENT_CREATED, .usec = NOW_USEC, .name = "a:web"}, JSON_OFF,
                       "2025-11-21 23:01:22.123 a:web created\n");
        assert_printed(&(Event){.kind = EVENT_ENDED,
                                .usec = NOW_USEC,
                                .name = "web",
                                .result = "exit-code",
                                .status = 7},
                       JSON_OFF, "2025-11-21 23:01:22.123 web ended: exited with status 7\n");
        assert_printed(&(Event){.kind = EVENT_RESTARTING,
                                .usec = NOW_USEC,
                                .name = "web",
                                .next_usec = NOW_USEC + 1500000},
                       JSON_OFF, "2025-11-21 23:01:22.123 web restarting in 1s\n");
        assert_printed(&(Event){.kind = EVENT_DAEMON_GONE, .usec = NOW_USEC}, JSON_OFF,
                       "2025-11-21 23:01:22.123 albatrossd went away\n");
}

static void tells_a_path_from_a_unikernel(void **state) {
        assert_printed(&(Event){.kind = EVENT_POLICY_CHANGED, .usec = NOW_USEC, .name = "web"},
                       JSON_OFF, "2025-11-21 23:01:22.123 web: policy changed\n");
        assert_printed(&(Event){.kind = EVENT_POLICY_REMOVED, .usec = NOW_USEC, .name = ""},
                       JSON_OFF, "2025-11-21 23:01:22.123 : policy removed\n");
}

static void a_restart_that_is_due_is_in_no_time(void **state) {
        assert_printed(&(Event){.kind = EVENT_RESTARTING,
                                .usec = NOW_USEC,
                                .name = "web",
                                .next_usec = NOW_USEC - 1},
                       JSON_OFF, "2025-11-21 23:01:22.123 web restarting in 0s\n");
}

static void nothing_that_it_is_told_reaches_a_terminal_as_it_is(void **state) {
        assert_printed(&(Event){.kind = EVENT_ENDED,
                                .usec = NOW_USEC,
                                .name = "a\x1b[2J",
                                .result = "x\ny"},
                       JSON_OFF, "2025-11-21 23:01:22.123 a\\x1b[2J ended: x\\x0ay\n");
        assert_printed(&(Event){.kind = EVENT_CREATED, .usec = 1, .name = "a\x1b\n"},
                       JSON_SHORT_MODE,
                       "{\"Timestamp\":1,\"Event\":\"created\",\"Name\":\"a\\u001B\\n\"}\n");
}

static void is_one_object_with_what_belongs_to_it(void **state) {
        assert_printed(&(Event){.kind = EVENT_STARTED,
                                .usec = NOW_USEC,
                                .name = "web",
                                .pid = 42,
                                .invocation = "00112233445566778899aabbccddeeff"},
                       JSON_SHORT_MODE,
                       "{\"Timestamp\":1763766082123456,\"Event\":\"started\",\"Name\":\"web\","
                       "\"InvocationID\":\"00112233445566778899aabbccddeeff\",\"MainPID\":42}\n");
        assert_printed(&(Event){.kind = EVENT_STARTED, .usec = 1, .name = "web"}, JSON_SHORT_MODE,
                       "{\"Timestamp\":1,\"Event\":\"started\",\"Name\":\"web\"}\n");
        assert_printed(&(Event){.kind = EVENT_ENDED,
                                .usec = NOW_USEC,
                                .name = "web",
                                .result = "signal",
                                .status = 9},
                       JSON_SHORT_MODE,
                       "{\"Timestamp\":1763766082123456,\"Event\":\"ended\",\"Name\":\"web\","
                       "\"ExitResult\":\"signal\",\"ExitStatus\":9}\n");
        assert_printed(&(Event){.kind = EVENT_BLOCK_CHANGED, .usec = 1, .name = "a:data"},
                       JSON_SHORT_MODE,
                       "{\"Timestamp\":1,\"Event\":\"block-changed\",\"Block\":\"a:data\"}\n");
        assert_printed(&(Event){.kind = EVENT_DAEMON_BACK, .usec = 1}, JSON_SHORT_MODE,
                       "{\"Timestamp\":1,\"Event\":\"daemon-back\"}\n");
}

static void each_state_is_told_once(void **state) {
        _cleanup_(json_decrefp) Lives *lives = json_object();

        assert_int_equal(lives_changed(lives, "web", "starting", 1), EVENT_NONE);
        assert_int_equal(lives_changed(lives, "web", "running", 2), EVENT_STARTED);
        assert_int_equal(lives_changed(lives, "web", "stopping", 3), EVENT_NONE);
        assert_int_equal(lives_changed(lives, "web", "stopped", 4), EVENT_ENDED);
        assert_int_equal(lives_ended(lives, "web"), EVENT_NONE);
        assert_int_equal(lives_changed(lives, "other", "running", 4), EVENT_STARTED);
}

static void the_same_state_since_the_same_time_is_another_change(void **state) {
        _cleanup_(json_decrefp) Lives *lives = json_object();

        assert_int_equal(lives_changed(lives, "web", "running", 2), EVENT_STARTED);
        assert_int_equal(lives_changed(lives, "web", "running", 2), EVENT_CHANGED);
        assert_int_equal(lives_changed(lives, "web", "running", 3), EVENT_STARTED);
}

static void a_failure_is_told_behind_the_end_that_it_is(void **state) {
        _cleanup_(json_decrefp) Lives *lives = json_object();

        lives_changed(lives, "web", "running", 1);
        assert_int_equal(lives_changed(lives, "web", "failed", 2), EVENT_ENDED);
        assert_int_equal(lives_ended(lives, "web"), EVENT_FAILED);
        lives_changed(lives, "web", "running", 3);
        assert_int_equal(lives_changed(lives, "web", "waiting", 4), EVENT_ENDED);
        assert_int_equal(lives_ended(lives, "web"), EVENT_NONE);
}

static void what_never_ran_fails_and_stops_without_an_end(void **state) {
        _cleanup_(json_decrefp) Lives *lives = json_object();

        lives_changed(lives, "web", "starting", 1);
        assert_int_equal(lives_changed(lives, "web", "failed", 2), EVENT_FAILED);
        assert_int_equal(lives_changed(lives, "web", "stopped", 3), EVENT_STOPPED);
        lives_changed(lives, "web", "waiting", 4);
        assert_int_equal(lives_changed(lives, "web", "stopped", 5), EVENT_STOPPED);
        assert_int_equal(lives_changed(lives, "new", "stopped", 5), EVENT_NONE);
        assert_int_equal(lives_ended(lives, "unknown"), EVENT_NONE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(says_what_happened_in_one_line),
                cmocka_unit_test(tells_a_path_from_a_unikernel),
                cmocka_unit_test(a_restart_that_is_due_is_in_no_time),
                cmocka_unit_test(nothing_that_it_is_told_reaches_a_terminal_as_it_is),
                cmocka_unit_test(is_one_object_with_what_belongs_to_it),
                cmocka_unit_test(each_state_is_told_once),
                cmocka_unit_test(the_same_state_since_the_same_time_is_another_change),
                cmocka_unit_test(a_failure_is_told_behind_the_end_that_it_is),
                cmocka_unit_test(what_never_ran_fails_and_stops_without_an_end),
        };

        setenv("TZ", "UTC", 1);
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
