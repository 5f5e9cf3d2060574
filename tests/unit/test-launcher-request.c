/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "launcher/request.h"

/* Descriptors that each verb takes at least. */
static size_t n_fds_of(uint32_t verb) {
        return verb == LAUNCHER_PROBE || verb == LAUNCHER_OPEN ? 2 : 0;
}

static LauncherRequest good(uint32_t verb) {
        return (LauncherRequest){
                .version = LAUNCHER_WIRE_VERSION,
                .verb = verb,
                .deadline_usec = 1,
                .signal = 15,
                .name = "alice:web",
                .scope = "albatross-alice:web.scope",
        };
}

static int check(const LauncherRequest *request) {
        return request_check(request, sizeof(*request), n_fds_of(request->verb));
}

static void takes_every_verb(void **state) {
        for (uint32_t verb = LAUNCHER_PROBE; verb <= LAUNCHER_CANCEL; verb++) {
                const LauncherRequest request = good(verb);

                assert_int_equal(check(&request), 0);
        }
}

static void refuses_unknown_verbs(void **state) {
        static const uint32_t verbs[] = {0, LAUNCHER_CANCEL + 1, 255, UINT32_MAX};

        for (size_t i = 0; i < N_ELEMENTS(verbs); i++) {
                const LauncherRequest request = good(verbs[i]);

                assert_int_equal(check(&request), -EPROTO);
        }
}

static void refuses_other_sizes_and_versions(void **state) {
        LauncherRequest request = good(LAUNCHER_LIST);

        assert_int_equal(request_check(&request, 0, 0), -EPROTO);
        assert_int_equal(request_check(&request, 1, 0), -EPROTO);
        assert_int_equal(request_check(&request, sizeof(request) - 1, 0), -EPROTO);
        assert_int_equal(request_check(&request, sizeof(request) + 1, 0), -EPROTO);
        request.version = 0;
        assert_int_equal(check(&request), -EPROTO);
        request.version = LAUNCHER_WIRE_VERSION + 1;
        assert_int_equal(check(&request), -EPROTO);
}

static void refuses_what_is_reserved(void **state) {
        LauncherRequest request = good(LAUNCHER_LIST);

        request.reserved = 1;
        assert_int_equal(check(&request), -EINVAL);
}

static void refuses_text_without_an_end_whatever_the_verb(void **state) {
        for (uint32_t verb = LAUNCHER_PROBE; verb <= LAUNCHER_CANCEL; verb++) {
                LauncherRequest request = good(verb);

                memset(request.name, 'a', sizeof(request.name));
                assert_int_equal(check(&request), -EINVAL);
                request = good(verb);
                memset(request.scope, 'a', sizeof(request.scope));
                assert_int_equal(check(&request), -EINVAL);
        }
}

static void takes_the_longest_names(void **state) {
        LauncherRequest request = good(LAUNCHER_SPAWN);

        memset(request.name, 'a', LAUNCHER_NAME_MAX);
        memset(request.scope, 'a', LAUNCHER_SCOPE_MAX);
        assert_int_equal(check(&request), 0);
}

static void refuses_names_that_could_add_a_line_to_a_header(void **state) {
        static const char *const names[] = {"", "a\nb", "a b", "a\tb", "\x7f", "a\xc3\xa4", "\r"};

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                LauncherRequest request = good(LAUNCHER_SPAWN);

                (void) strcpy(request.name, names[i]);
                assert_int_equal(check(&request), -EINVAL);
                request = good(LAUNCHER_SPAWN);
                (void) strcpy(request.scope, names[i]);
                assert_int_equal(check(&request), -EINVAL);
        }
}

static void refuses_deadlines_that_are_none(void **state) {
        LauncherRequest request = good(LAUNCHER_PROBE);

        request.deadline_usec = 0;
        assert_int_equal(check(&request), -EINVAL);
        request.deadline_usec = LAUNCHER_DEADLINE_MAX_USEC;
        assert_int_equal(check(&request), 0);
        request.deadline_usec = LAUNCHER_DEADLINE_MAX_USEC + 1;
        assert_int_equal(check(&request), -EINVAL);
        request.deadline_usec = UINT64_MAX;
        assert_int_equal(check(&request), -EINVAL);
}

static void refuses_signals_that_do_not_exist(void **state) {
        static const int32_t signals[] = {0, -1, -9, 65, INT32_MAX, INT32_MIN};
        LauncherRequest request = good(LAUNCHER_SIGNAL);

        for (size_t i = 0; i < N_ELEMENTS(signals); i++) {
                request.signal = signals[i];
                assert_int_equal(check(&request), -EINVAL);
        }
        request.signal = 64;
        assert_int_equal(check(&request), 0);
}

static void takes_descriptors_only_where_they_belong(void **state) {
        for (uint32_t verb = LAUNCHER_PROBE; verb <= LAUNCHER_CANCEL; verb++) {
                const LauncherRequest request = good(verb);

                for (size_t n = 0; n <= 2 + LAUNCHER_PASS_MAX + 1; n++) {
                        size_t least = n_fds_of(verb);
                        size_t most = least ? least + LAUNCHER_PASS_MAX : 0;
                        int want = n >= least && n <= most ? 0 : -EINVAL;

                        assert_int_equal(request_check(&request, sizeof(request), n), want);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_every_verb),
                cmocka_unit_test(refuses_unknown_verbs),
                cmocka_unit_test(refuses_other_sizes_and_versions),
                cmocka_unit_test(refuses_what_is_reserved),
                cmocka_unit_test(refuses_text_without_an_end_whatever_the_verb),
                cmocka_unit_test(takes_the_longest_names),
                cmocka_unit_test(refuses_names_that_could_add_a_line_to_a_header),
                cmocka_unit_test(refuses_deadlines_that_are_none),
                cmocka_unit_test(refuses_signals_that_do_not_exist),
                cmocka_unit_test(takes_descriptors_only_where_they_belong),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
