/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"
#include "policy-equal.h"

static const Name alice = {"alice"};

#define GOOD                                                                                       \
        "{\"Version\": 1, \"Path\": \"alice\", \"Unikernels\": 4, \"Memory\": 67108864, "          \
        "\"CPUs\": \"0-1\", \"Block\": 1048576, \"Bridges\": [\"br0\", \"br1\"], "                 \
        "\"Owners\": [{\"User\": \"alice\", \"ID\": 1000}, {\"Group\": \"staff\", \"ID\": 50}]}"

/* Writes @policy down and reads it again. */
static void pass(const Policy *policy) {
        _cleanup_(policy_clear) Policy again = {};
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(policy_text_format(&alice, policy, &text), 0);
        assert_true(strlen(text) <= WRITER_DATA_MAX);
        assert_int_equal(policy_text_parse(&alice, &again, text, strlen(text)), 0);
        assert_true(policy_equal(policy, &again));
}

static void a_policy_is_read_as_it_was_written(void **state) {
        _cleanup_(policy_clear) Policy policy = {
                .n_unikernels = UINT32_MAX,
                .memory_bytes = 1ULL << 50,
                .cpus.words = {5, 0, 1ULL << 63},
        };
        char name[32];
        Owner owner;

        pass(&policy);
        policy.allows_block = true;
        pass(&policy);
        policy.block_bytes = 1ULL << 50;
        for (unsigned i = 0; i < POLICY_BRIDGES_MAX; i++) {
                snprintf(name, sizeof(name), "a-long-name-%u", i);
                assert_int_equal(bridges_add(&policy.bridges, name, NULL), 1);
        }
        for (unsigned i = 0; i < POLICY_OWNERS_MAX; i++) {
                snprintf(name, sizeof(name), "owner\\%u", i);
                assert_int_equal(owner_init(&owner, i % 2, UINT32_MAX - 1 - i, name, NULL), 0);
                assert_int_equal(owners_add(&policy.owners, &owner), 1);
        }
        pass(&policy);
}

static void takes_what_is_right(void **state) {
        _cleanup_(policy_clear) Policy policy = {};

        assert_int_equal(policy_text_parse(&alice, &policy, GOOD, strlen(GOOD)), 0);
        assert_int_equal(policy.n_unikernels, 4);
        assert_int_equal(policy.block_bytes, 1 << 20);
        assert_true(policy.allows_block);
        assert_int_equal(policy.owners.n, 2);
        assert_int_equal(policy.bridges.n, 2);
}

/* With @old replaced by @new it is refused, and *@ret stays as it was. */
static void check_refused(const char *old, const char *new) {
        char text[sizeof(GOOD) + 256];
        const char *at = strstr(GOOD, old);
        Policy policy = {.n_unikernels = 7};

        assert_non_null(at);
        snprintf(text, sizeof(text), "%.*s%s%s", (int) (at - GOOD), GOOD, new, at + strlen(old));
        assert_int_equal(policy_text_parse(&alice, &policy, text, strlen(text)), -EBADMSG);
        assert_int_equal(policy.n_unikernels, 7);
        assert_null(policy.bridges.names);
        assert_null(policy.owners.owners);
}

static void refuses_what_can_not_have_been_written(void **state) {
        check_refused("{", "");
        check_refused("\"Version\": 1", "\"Version\": 2");
        check_refused("\"Version\": 1, ", "");
        check_refused("\"alice\"", "\"bob\"");
        check_refused("\"alice\"", "7");
        check_refused("\"Unikernels\": 4", "\"Unikernels\": 4294967296");
        check_refused("\"Unikernels\": 4", "\"Unikernels\": -1");
        check_refused("\"Unikernels\": 4", "\"Unikernels\": 0");
        check_refused("\"Unikernels\": 4", "\"Unikernels\": 4, \"Unikernels\": 4");
        check_refused("67108864", "67108865");
        check_refused("67108864", "-67108864");
        check_refused("67108864", "16777216");
        check_refused("67108864", "6.7e7");
        check_refused("0-1", "");
        check_refused("0-1", "1-0");
        check_refused("0-1", "0-4096");
        check_refused("1048576", "1048577");
        check_refused("1048576", "-1048576");
        check_refused("1048576", "\"none\"");
        check_refused("\"Block\": 1048576, ", "");
        check_refused("[\"br0\", \"br1\"]", "\"br0\"");
        check_refused("\"br1\"", "\"br0\"");
        check_refused("\"br1\"", "\"b/r\"");
        check_refused("\"br1\"", "1");
        check_refused("\"User\": \"alice\"", "\"User\": \"a b\"");
        check_refused("\"User\": \"alice\"", "\"User\": \"@alice\"");
        check_refused("\"User\": \"alice\"", "\"User\": \"alice\", \"Group\": \"alice\"");
        check_refused("\"User\": \"alice\", ", "");
        check_refused("1000", "4294967295");
        check_refused("1000", "-1");
        check_refused("\"Group\": \"staff\", \"ID\": 50", "\"User\": \"x\", \"ID\": 1000");
        check_refused("{\"User\": \"alice\", \"ID\": 1000}", "\"alice\"");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_policy_is_read_as_it_was_written),
                cmocka_unit_test(takes_what_is_right),
                cmocka_unit_test(refuses_what_can_not_have_been_written),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
