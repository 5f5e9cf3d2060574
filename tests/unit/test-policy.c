/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "domain/policy.h"
#include "policy-equal.h"

#define MIB(n) ((uint64_t) (n) << 20)

static void add_bridge(Bridges *bridges, const char *name) {
        assert_int_equal(bridges_add(bridges, name, NULL), 1);
}

static void add_owner(Owners *owners, OwnerKind kind, uint32_t id, const char *name) {
        Owner owner;

        assert_int_equal(owner_init(&owner, kind, id, name, NULL), 0);
        assert_int_equal(owners_add(owners, &owner), 1);
}

static Policy make_policy(void) {
        Policy policy = {
                .n_unikernels = 4,
                .allows_block = true,
                .memory_bytes = MIB(256),
                .block_bytes = MIB(100),
                .cpus.words[0] = 0x3,
        };

        add_bridge(&policy.bridges, "br1");
        add_bridge(&policy.bridges, "br0");
        add_owner(&policy.owners, OWNER_USER, 1000, "alice");
        return policy;
}

static void a_usable_policy_is_taken(void **state) {
        Policy policy = make_policy();

        assert_int_equal(policy_check(&policy, NULL), 0);
        policy.n_unikernels = 1;
        policy.memory_bytes = MIB(17);
        policy.block_bytes = 0;
        policy.cpus.words[0] = 0x2;
        assert_int_equal(policy_check(&policy, NULL), 0);
        policy.allows_block = false;
        bridges_clear(&policy.bridges);
        owners_clear(&policy.owners);
        assert_int_equal(policy_check(&policy, NULL), 0);
}

static void check_unusable(Policy *policy, const char *expected) {
        Fault fault = {};

        assert_true(policy_check(policy, &fault) < 0);
        assert_int_equal(fault.code, FAULT_INVALID_ARGUMENT);
        assert_string_equal(fault.message, expected);
        policy_clear(policy);
        *policy = make_policy();
}

static void an_unusable_policy_is_refused(void **state) {
        Policy policy = make_policy();

        policy.n_unikernels = 0;
        check_unusable(&policy, "0 unikernels are too few, a policy allows at least 1");
        policy.memory_bytes = MIB(16);
        check_unusable(&policy, "16 MiB of memory are too few, a policy allows more than 16 MiB");
        policy.memory_bytes = MIB(32) + 1;
        check_unusable(&policy, "33554433 bytes of memory are not a multiple of 1 MiB");
        policy.cpus = (Cpus){};
        check_unusable(&policy, "No CPU is too few, a policy allows at least 1");
        policy.block_bytes = MIB(5) + 512;
        check_unusable(&policy, "5243392 bytes of block storage are not a multiple of 1 MiB");
        policy_clear(&policy);
}

static void too_long_lists_are_refused(void **state) {
        Policy policy = make_policy();
        Fault fault = {};
        char name[24];

        for (unsigned i = 0; i < POLICY_BRIDGES_MAX - 2; i++) {
                snprintf(name, sizeof(name), "other%u", i);
                add_bridge(&policy.bridges, name);
        }
        for (unsigned i = 1; i < POLICY_OWNERS_MAX; i++) {
                snprintf(name, sizeof(name), "user%u", i);
                add_owner(&policy.owners, OWNER_USER, i, name);
        }
        assert_int_equal(policy_check(&policy, NULL), 0);
        add_owner(&policy.owners, OWNER_GROUP, 0, "root");
        assert_true(policy_check(&policy, &fault) < 0);
        assert_string_equal(fault.message, "65 owners are too many, a policy has at most 64");
        add_bridge(&policy.bridges, "onemore");
        assert_true(policy_check(&policy, &fault) < 0);
        assert_string_equal(fault.message, "257 bridges are too many, a policy names at most 256");
        policy_clear(&policy);
}

static void a_copy_is_equal_and_its_own(void **state) {
        Policy policy = make_policy(), copy;

        assert_int_equal(policy_copy(&copy, &policy), 0);
        assert_true(policy_equal(&policy, &copy));
        assert_ptr_not_equal(policy.bridges.names, copy.bridges.names);
        assert_ptr_not_equal(policy.owners.owners, copy.owners.owners);
        policy_clear(&policy);
        assert_true(bridges_contain(&copy.bridges, "br1"));
        assert_string_equal(copy.owners.owners[0].name, "alice");
        policy_clear(&copy);
        assert_null(copy.bridges.names);
}

static void check_smaller(const Policy *policy, const Policy *larger, PolicyField field) {
        for (PolicyField i = 0; i < POLICY_N_FIELDS; i++) {
                assert_true(policy_field_fits(policy, larger, i));
                assert_int_equal(policy_field_fits(larger, policy, i), i != field);
                assert_int_equal(policy_field_equal(policy, larger, i), i != field);
        }
        assert_false(policy_equal(policy, larger));
}

static void policies_are_compared_field_by_field(void **state) {
        Policy policy = make_policy(), larger = make_policy();

        larger.n_unikernels++;
        check_smaller(&policy, &larger, POLICY_UNIKERNELS);
        larger.n_unikernels--;
        larger.memory_bytes++;
        check_smaller(&policy, &larger, POLICY_MEMORY);
        larger.memory_bytes--;
        cpus_add(&larger.cpus, 1023);
        check_smaller(&policy, &larger, POLICY_CPUS);
        larger.cpus = policy.cpus;
        larger.block_bytes++;
        check_smaller(&policy, &larger, POLICY_BLOCK);
        larger.block_bytes--;
        add_bridge(&larger.bridges, "a-bridge");
        check_smaller(&policy, &larger, POLICY_BRIDGES);
        policy_clear(&larger);
        policy_clear(&policy);
}

static void no_block_is_smaller_than_none_left(void **state) {
        const Policy none = {}, nothing = {.allows_block = true};

        check_smaller(&none, &nothing, POLICY_BLOCK);
}

static void owners_are_no_limit_but_make_a_difference(void **state) {
        Policy policy = make_policy(), other = make_policy();

        owners_clear(&other.owners);
        assert_false(policy_equal(&policy, &other));
        assert_true(policy_field_fits(&policy, &other, POLICY_OWNERS));
        assert_true(policy_field_fits(&other, &policy, POLICY_OWNERS));
        policy_clear(&other);
        policy_clear(&policy);
}

static void check_text(const Policy *policy, PolicyField field, const char *expected) {
        char text[POLICY_FIELD_TEXT_MAX + 1];

        policy_field_format(policy, field, text);
        assert_string_equal(text, expected);
}

static void fields_are_told_in_words(void **state) {
        Policy policy = make_policy();

        check_text(&policy, POLICY_UNIKERNELS, "4 unikernels");
        check_text(&policy, POLICY_MEMORY, "256 MiB of memory");
        check_text(&policy, POLICY_CPUS, "the CPUs 0-1");
        check_text(&policy, POLICY_BRIDGES, "the bridges br0,br1");
        check_text(&policy, POLICY_BLOCK, "100 MiB of block storage");
        policy_clear(&policy);
        check_text(&policy, POLICY_CPUS, "no CPUs");
        check_text(&policy, POLICY_BRIDGES, "no bridges");
        check_text(&policy, POLICY_BLOCK, "no block devices");
        policy.n_unikernels = 1;
        check_text(&policy, POLICY_UNIKERNELS, "1 unikernel");
        cpus_add(&policy.cpus, 77);
        check_text(&policy, POLICY_CPUS, "the CPU 77");
        add_bridge(&policy.bridges, "br0");
        check_text(&policy, POLICY_BRIDGES, "the bridge br0");
        policy_clear(&policy);
}

static void long_lists_are_cut(void **state) {
        char text[POLICY_FIELD_TEXT_MAX + 1];
        Policy policy = {};
        char name[IFNAMSIZ];

        for (unsigned i = 0; i < CPUS_MAX; i += 2)
                cpus_add(&policy.cpus, i);
        for (unsigned i = 0; i < 100; i++) {
                snprintf(name, sizeof(name), "long-bridge-%03u", i);
                add_bridge(&policy.bridges, name);
        }
        policy_field_format(&policy, POLICY_CPUS, text);
        assert_string_equal(text + strlen(text) - 3, "...");
        policy_field_format(&policy, POLICY_BRIDGES, text);
        assert_string_equal(text, "the bridges long-bridge-000,long-bridge-001,long-bridge-002,"
                                  "long-bridge-003,long-bridge-004,long-bridge-005,...");
        policy_clear(&policy);
}

/* --- bridges --- */

static void bridges_are_sorted_and_each_is_there_once(void **state) {
        Bridges bridges = {}, others = {};
        char text[64];

        add_bridge(&bridges, "br1");
        add_bridge(&bridges, "vmbr0");
        add_bridge(&bridges, "br0");
        assert_int_equal(bridges_add(&bridges, "br1", NULL), 0);
        bridges_format(&bridges, text, sizeof(text));
        assert_string_equal(text, "br0,br1,vmbr0");

        assert_null(bridges_missing_in(&others, &bridges));
        assert_string_equal(bridges_missing_in(&bridges, &others), "br0");
        add_bridge(&others, "br0");
        add_bridge(&others, "vmbr0");
        assert_null(bridges_missing_in(&others, &bridges));
        assert_string_equal(bridges_missing_in(&bridges, &others), "br1");
        add_bridge(&others, "br2");
        assert_false(bridges_equal(&bridges, &others));
        bridges_clear(&others);
        bridges_clear(&bridges);
}

static void what_can_not_be_a_bridge_is_refused(void **state) {
        static const char *const names[] = {
                "",     ".",    "..",   "sixteen-letters.", "a b", "a/b", "a:b", "a,b", "br%d",
                "a\tb", "a\nb", "\x7f", "br\xc3\xa9"};
        Bridges bridges = {};
        Fault fault = {};

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                assert_true(bridges_add(&bridges, names[i], &fault) < 0);
                assert_int_equal(fault.code, FAULT_INVALID_ARGUMENT);
                assert_int_equal(bridges.n, 0);
        }
        assert_true(bridges_add(&bridges, "a b", &fault) < 0);
        assert_string_equal(fault.message, "\"a b\" can't be a bridge");
        add_bridge(&bridges, "fifteen-letters");
        bridges_clear(&bridges);
}

static void a_list_of_bridges_never_passes_its_buffer(void **state) {
        Bridges bridges = {};

        add_bridge(&bridges, "fifteen-letters");
        add_bridge(&bridges, "x");
        for (size_t size = 0; size < 64; size++) {
                char text[65];

                memset(text, '#', sizeof(text));
                bridges_format(&bridges, text, size);
                assert_int_equal(text[size], '#');
                assert_true(size == 0 || memchr(text, '\0', size));
        }
        bridges_clear(&bridges);
}

/* --- owners --- */

static void owners_are_known_by_their_numbers(void **state) {
        Owners owners = {}, others = {};
        Owner renamed;
        char *text;

        add_owner(&owners, OWNER_GROUP, 7, "staff");
        add_owner(&owners, OWNER_USER, 1001, "bob");
        add_owner(&owners, OWNER_USER, 7, "alice");
        assert_int_equal(owner_init(&renamed, OWNER_USER, 7, "eve", NULL), 0);
        assert_int_equal(owners_add(&owners, &renamed), 0);
        assert_int_equal(owners_format(&owners, &text), 0);
        assert_string_equal(text, "alice bob @staff");
        free(text);

        add_owner(&others, OWNER_USER, 7, "eve");
        assert_int_equal(owners_add_all(&others, &owners), 0);
        assert_int_equal(others.n, 3);
        assert_false(owners_equal(&owners, &others));
        assert_int_equal(owners_format(&others, &text), 0);
        assert_string_equal(text, "eve bob @staff");
        free(text);
        owners_clear(&others);

        assert_int_equal(owners_copy(&others, &owners), 0);
        assert_true(owners_equal(&owners, &others));
        owners_clear(&others);
        owners_clear(&owners);
        assert_int_equal(owners_format(&owners, &text), 0);
        assert_string_equal(text, "");
        free(text);
}

static void a_name_that_is_more_than_one_word_is_no_owner(void **state) {
        static const char *const names[] = {"",   "DOM\\x bob", "x\tbob",        "x\nbob", "@staff",
                                            "-x", "x,bob",      "x\xc2\xa0?bob", "x\"",    "x:y"};
        Owner owner = {.id = 5};
        char long_name[OWNER_NAME_MAX + 2] = {};
        Fault fault = {};

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                assert_true(owner_init(&owner, OWNER_USER, 1, names[i], &fault) < 0);
                assert_int_equal(fault.code, FAULT_INVALID_ARGUMENT);
        }
        assert_true(owner_init(&owner, OWNER_USER, 1, "x bob", &fault) < 0);
        assert_string_equal(fault.message,
                            "\"x bob\" can't be an owner: the name has to be one word");
        memset(long_name, 'x', OWNER_NAME_MAX + 1);
        assert_true(owner_init(&owner, OWNER_USER, 1, long_name, &fault) < 0);
        assert_true(owner_init(&owner, OWNER_GROUP, UINT32_MAX, "x", &fault) < 0);
        assert_string_equal(fault.message, "The group x has no number");
        assert_int_equal(owner.id, 5);
        assert_string_equal(owner.name, "");
        long_name[OWNER_NAME_MAX] = '\0';
        assert_int_equal(owner_init(&owner, OWNER_USER, 1, long_name, NULL), 0);
}

/* --- CPUs --- */

static void sets_of_cpus_are_compared_and_cut(void **state) {
        Cpus cpus = {}, others = {};

        cpus_add(&cpus, 0);
        cpus_add(&cpus, 1023);
        assert_int_equal(cpus_count(&cpus), 2);
        assert_false(cpus_equal(&cpus, &others));
        cpus_add(&others, 1023);
        cpus_add(&others, 512);
        cpus_intersect(&cpus, &others);
        assert_int_equal(cpus_count(&cpus), 1);
        assert_true(cpus_contains(&cpus, 1023));
        cpus_intersect(&others, &cpus);
        assert_true(cpus_equal(&cpus, &others));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_usable_policy_is_taken),
                cmocka_unit_test(an_unusable_policy_is_refused),
                cmocka_unit_test(too_long_lists_are_refused),
                cmocka_unit_test(a_copy_is_equal_and_its_own),
                cmocka_unit_test(policies_are_compared_field_by_field),
                cmocka_unit_test(no_block_is_smaller_than_none_left),
                cmocka_unit_test(owners_are_no_limit_but_make_a_difference),
                cmocka_unit_test(fields_are_told_in_words),
                cmocka_unit_test(long_lists_are_cut),
                cmocka_unit_test(bridges_are_sorted_and_each_is_there_once),
                cmocka_unit_test(what_can_not_be_a_bridge_is_refused),
                cmocka_unit_test(a_list_of_bridges_never_passes_its_buffer),
                cmocka_unit_test(owners_are_known_by_their_numbers),
                cmocka_unit_test(a_name_that_is_more_than_one_word_is_no_owner),
                cmocka_unit_test(sets_of_cpus_are_compared_and_cut),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
