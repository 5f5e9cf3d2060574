/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "network/request.h"

static RequestMessage message;

static RequestMessage *good(uint32_t verb) {
        memset(&message, 0, sizeof(message));
        message.request = (NetworkRequest){.version = NETWORK_WIRE_VERSION, .verb = verb};
        if (verb == NETWORK_MAKE_TAP) {
                message.request.uid = 61184;
                memcpy(message.request.mac, "\x00\x80\x41\x01\x02\x03", NETWORK_MAC_SIZE);
                strcpy(message.request.bridge.text, "br0");
                strcpy(message.request.unikernel, "alice:web");
        }
        return &message;
}

static int check(const RequestMessage *checked) {
        return request_check(
                checked, sizeof(NetworkRequest) + checked->request.n_names * sizeof(NetworkName),
                checked->request.verb == NETWORK_PERSIST_TAP);
}

static void takes_every_verb(void **state) {
        for (uint32_t verb = NETWORK_MAKE_TAP; verb <= NETWORK_WATCH_BRIDGES; verb++)
                assert_int_equal(check(good(verb)), 0);
}

static void refuses_unknown_verbs(void **state) {
        static const uint32_t verbs[] = {0, NETWORK_WATCH_BRIDGES + 1, 255, UINT32_MAX};

        for (size_t i = 0; i < N_ELEMENTS(verbs); i++)
                assert_int_equal(check(good(verbs[i])), -EPROTO);
}

static void refuses_other_sizes_and_versions(void **state) {
        RequestMessage *request = good(NETWORK_LIST_TAPS);

        assert_int_equal(request_check(request, 0, 0), -EPROTO);
        assert_int_equal(request_check(request, 1, 0), -EPROTO);
        assert_int_equal(request_check(request, sizeof(NetworkRequest) - 1, 0), -EPROTO);
        assert_int_equal(request_check(request, sizeof(NetworkRequest) + 1, 0), -EPROTO);
        request->request.version++;
        assert_int_equal(check(request), -EPROTO);
}

static void refuses_a_wrong_number_of_names(void **state) {
        RequestMessage *request = good(NETWORK_REMOVE_TAPS);

        request->request.n_names = NETWORK_NAMES_MAX;
        assert_int_equal(check(request), 0);
        assert_int_equal(request_check(request, sizeof(NetworkRequest), 0), -EPROTO);
        request->request.n_names++;
        assert_int_equal(check(request), -EPROTO);
        request->request.n_names = UINT32_MAX / (uint32_t) sizeof(NetworkName) + 1;
        assert_int_equal(request_check(request, sizeof(NetworkRequest), 0), -EPROTO);

        for (uint32_t verb = NETWORK_MAKE_TAP; verb <= NETWORK_WATCH_BRIDGES; verb++) {
                request = good(verb);
                request->request.n_names = 1;
                assert_int_equal(check(request), verb == NETWORK_REMOVE_TAPS ? 0 : -EINVAL);
        }
}

static void refuses_names_without_an_end(void **state) {
        RequestMessage *request = good(NETWORK_REMOVE_TAPS);

        request->request.n_names = 2;
        memset(request->names[1].text, 'a', sizeof(request->names[1].text));
        assert_int_equal(check(request), -EINVAL);

        request = good(NETWORK_MAKE_TAP);
        memset(request->request.bridge.text, 'a', sizeof(request->request.bridge.text));
        assert_int_equal(check(request), -EINVAL);
        request = good(NETWORK_MAKE_TAP);
        memset(request->request.unikernel, 'a', sizeof(request->request.unikernel));
        assert_int_equal(check(request), -EINVAL);
}

static void refuses_descriptors_where_there_should_be_none(void **state) {
        for (uint32_t verb = NETWORK_MAKE_TAP; verb <= NETWORK_WATCH_BRIDGES; verb++)
                for (size_t n_fds = 0; n_fds < 3; n_fds++)
                        assert_int_equal(request_check(good(verb), sizeof(NetworkRequest), n_fds),
                                         n_fds == (verb == NETWORK_PERSIST_TAP) ? 0 : -EINVAL);
}

static void refuses_taps_that_can_not_be(void **state) {
        static const char *const bad_texts[] = {"", " ", "a b", "a\nb", "\x7f", "\xc3\xa4"};
        RequestMessage *request;

        request = good(NETWORK_MAKE_TAP);
        request->request.uid = 0;
        assert_int_equal(check(request), -EINVAL);
        request->request.uid = UINT32_MAX;
        assert_int_equal(check(request), -EINVAL);

        request = good(NETWORK_MAKE_TAP);
        request->request.flags = NETWORK_ISOLATED | NETWORK_UNLOCKED;
        assert_int_equal(check(request), 0);
        request->request.flags = 4;
        assert_int_equal(check(request), -EINVAL);

        request = good(NETWORK_MAKE_TAP);
        request->request.mac[0] = 1;
        assert_int_equal(check(request), -EINVAL);
        memset(request->request.mac, 0, sizeof(request->request.mac));
        assert_int_equal(check(request), -EINVAL);

        request = good(NETWORK_MAKE_TAP);
        request->request.reserved = 1;
        assert_int_equal(check(request), -EINVAL);

        for (size_t i = 0; i < N_ELEMENTS(bad_texts); i++) {
                request = good(NETWORK_MAKE_TAP);
                strcpy(request->request.bridge.text, bad_texts[i]);
                assert_int_equal(check(request), -EINVAL);
                request = good(NETWORK_MAKE_TAP);
                strcpy(request->request.unikernel, bad_texts[i]);
                assert_int_equal(check(request), -EINVAL);
        }
}

static void knows_the_names_of_our_taps(void **state) {
        static const char *const others[] = {
                "",
                "alb",
                "al1",
                "lo",
                "alb-1",
                "alb1a",
                "alb 1",
                "alb01",
                "xalb",
                "albatross0",
                "ALB1",
                "alb1000000000000",
                "alb999999999999999",
        };

        assert_true(tap_name_is_ours("alb0"));
        assert_true(tap_name_is_ours("alb7"));
        assert_true(tap_name_is_ours("alb999999999999"));
        for (size_t i = 0; i < N_ELEMENTS(others); i++)
                assert_false(tap_name_is_ours(others[i]));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_every_verb),
                cmocka_unit_test(refuses_unknown_verbs),
                cmocka_unit_test(refuses_other_sizes_and_versions),
                cmocka_unit_test(refuses_a_wrong_number_of_names),
                cmocka_unit_test(refuses_names_without_an_end),
                cmocka_unit_test(refuses_descriptors_where_there_should_be_none),
                cmocka_unit_test(refuses_taps_that_can_not_be),
                cmocka_unit_test(knows_the_names_of_our_taps),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
