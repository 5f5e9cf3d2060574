/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy-equal.h"
#include "policy-model.h"

#define ALL    ((1U << POLICY_N_FIELDS) - 1)
#define NEEDED (1U << POLICY_UNIKERNELS | 1U << POLICY_MEMORY | 1U << POLICY_CPUS)
#define BIT(n) (1U << (n))

static const Plain machine_plain = {
        .n = 8,
        .memory_mib = 1024,
        .cpus = 0xf,
        .bridges = 0x7,
        .allows_block = true,
        .block_mib = 2048,
};

static const Plain middle = {
        .n = 4,
        .memory_mib = 256,
        .cpus = 0x7,
        .bridges = 0x3,
        .owners = 0x1,
        .allows_block = true,
        .block_mib = 100,
};

typedef struct World {
        PathTree *tree;
        Policy machine;
} World;

static int set(World *world, const char *path, unsigned fields, const Plain *plain, Fault *fault) {
        PolicyChange change = {.values = plain_to_policy(plain)};
        Name name = {};
        int r;

        strcpy(name.text, path);
        for (PolicyField field = 0; field < POLICY_N_FIELDS; field++)
                change.given[field] = fields >> field & 1;
        r = policies_set(world->tree, &world->machine, &name, &change, fault);
        policy_clear(&change.values);
        return r;
}

static int set_up(void **state) {
        World *world = calloc(1, sizeof(*world));

        assert_non_null(world);
        world->tree = path_tree_new();
        assert_non_null(world->tree);
        world->machine = plain_to_policy(&machine_plain);
        assert_int_equal(set(world, "alice", ALL, &middle, NULL), 1);
        *state = world;
        return 0;
}

static int tear_down(void **state) {
        World *world = *state;

        path_tree_free(world->tree);
        policy_clear(&world->machine);
        free(world);
        return 0;
}

static void refuse(World *world,
                   const char *path,
                   unsigned fields,
                   const Plain *plain,
                   const char *message) {
        char *before = tree_dump(world->tree), *after;
        Fault fault = {};

        assert_true(set(world, path, fields, plain, &fault) < 0);
        assert_int_not_equal(fault.code, FAULT_NONE);
        assert_string_equal(fault.message, message);
        after = tree_dump(world->tree);
        assert_string_equal(after, before);
        free(before);
        free(after);
}

static const Policy *find(const World *world, const char *path) {
        Name name = {};

        strcpy(name.text, path);
        return policies_find(world->tree, &name);
}

static Claim *take(World *world, const char *name, const Plain *plain) {
        Demand demand = {.running = plain->memory_mib > 0, .share = plain_to_share(plain)};
        Claim *claim = NULL;
        Name parsed;

        assert_int_equal(name_parse(&parsed, name, NULL), 0);
        demand.name = &parsed;
        assert_int_equal(claim_new(&claim, world->tree, &world->machine, &demand, NULL), 0);
        bridges_clear(&demand.share.bridges);
        return claim;
}

static void a_new_policy_has_what_was_given(void **state) {
        World *world = *state;
        Policy expected = plain_to_policy(&middle);

        assert_true(policy_equal(find(world, "alice"), &expected));
        policy_clear(&expected);
        assert_int_equal(set(world, "bob", NEEDED, &middle, NULL), 1);
        expected = plain_to_policy(&(const Plain){.n = 4, .memory_mib = 256, .cpus = 0x7});
        assert_true(policy_equal(find(world, "bob"), &expected));
        policy_clear(&expected);
        assert_null(find(world, "carol"));
        assert_null(find(world, ""));
}

static void a_new_policy_needs_unikernels_memory_and_cpus(void **state) {
        World *world = *state;
        const char *message = "There is no policy bob yet, a new one needs unikernels, memory and "
                              "cpus";

        for (unsigned field = POLICY_UNIKERNELS; field <= POLICY_CPUS; field++)
                refuse(world, "bob", ALL & ~BIT(field), &middle, message);
        refuse(world, "bob", 0, &middle, message);
        assert_int_equal(set(world, "bob", NEEDED, &middle, NULL), 1);
}

static void only_the_given_fields_change(void **state) {
        World *world = *state;
        const Plain other = {.n = 3, .memory_mib = 512, .cpus = 0x8, .bridges = 0x4, .owners = 6};
        Plain plain = middle;
        Policy expected;

        assert_int_equal(set(world, "alice", BIT(POLICY_MEMORY), &other, NULL), 1);
        plain.memory_mib = 512;
        expected = plain_to_policy(&plain);
        assert_true(policy_equal(find(world, "alice"), &expected));
        policy_clear(&expected);

        assert_int_equal(
                set(world, "alice", BIT(POLICY_BRIDGES) | BIT(POLICY_OWNERS), &other, NULL), 1);
        assert_int_equal(set(world, "alice", BIT(POLICY_BLOCK), &other, NULL), 1);
        plain.bridges = 0x4;
        plain.owners = 6;
        plain.allows_block = false;
        plain.block_mib = 0;
        expected = plain_to_policy(&plain);
        assert_true(policy_equal(find(world, "alice"), &expected));
        assert_int_equal(find(world, "alice")->block_bytes, 0);
        policy_clear(&expected);
}

static void what_is_equal_changes_nothing(void **state) {
        World *world = *state;
        const Policy *before = find(world, "alice");

        assert_int_equal(set(world, "alice", ALL, &middle, NULL), 0);
        assert_int_equal(set(world, "alice", BIT(POLICY_CPUS), &middle, NULL), 0);
        assert_int_equal(set(world, "alice", 0, &middle, NULL), 0);
        assert_ptr_equal(find(world, "alice"), before);
}

static void an_unusable_policy_is_refused(void **state) {
        World *world = *state;
        const Plain unusable = {.memory_mib = 16};

        refuse(world, "alice", BIT(POLICY_UNIKERNELS), &unusable,
               "0 unikernels are too few, a policy allows at least 1");
        refuse(world, "alice", BIT(POLICY_MEMORY), &unusable,
               "16 MiB of memory are too few, a policy allows more than 16 MiB");
        refuse(world, "new", NEEDED, &unusable,
               "0 unikernels are too few, a policy allows at least 1");
}

static void the_root_has_what_the_machine_has(void **state) {
        World *world = *state;
        Fault fault = {};
        PolicyList list;
        Policy policy = {};

        refuse(world, "", ALL, &middle,
               "The policy of the root is what the machine has, nobody can change it");
        assert_int_equal(policies_remove(world->tree, &(const Name){}, true, &list, &fault),
                         -EINVAL);
        assert_int_equal(policies_put(world->tree, &(const Name){}, &policy), -EINVAL);
        assert_non_null(find(world, "alice"));
}

static void it_is_smaller_than_each_above(void **state) {
        World *world = *state;
        const Plain large = {
                .n = 9,
                .memory_mib = 1025,
                .cpus = 0x18,
                .bridges = 0xc,
                .allows_block = true,
                .block_mib = 2049,
        };

        /* Not only the nearest one counts. */
        assert_int_equal(set(world, "alice:x:bob", ALL, &middle, NULL), 1);
        refuse(world, "alice:x:bob", BIT(POLICY_UNIKERNELS), &large,
               "The policy alice:x:bob can't allow 9 unikernels: the policy alice allows 4 "
               "unikernels");
        refuse(world, "alice:x:bob", BIT(POLICY_MEMORY), &large,
               "The policy alice:x:bob can't allow 1025 MiB of memory: the policy alice allows "
               "256 MiB of memory");
        refuse(world, "alice:x:bob:c", ALL, &large,
               "The policy alice:x:bob:c can't allow 9 unikernels: the policy alice:x:bob allows 4 "
               "unikernels");
        refuse(world, "alice:x:bob", BIT(POLICY_CPUS), &large,
               "The policy alice:x:bob can't allow the CPUs 3-4: the policy alice allows the CPUs "
               "0-2");
        refuse(world, "alice:x:bob", BIT(POLICY_BRIDGES), &large,
               "The policy alice:x:bob can't allow the bridges br2,br3: the policy alice allows "
               "the bridges br0,br1");
        refuse(world, "alice:x:bob", BIT(POLICY_BLOCK), &large,
               "The policy alice:x:bob can't allow 2049 MiB of block storage: the policy alice "
               "allows 100 MiB of block storage");
}

static void it_is_smaller_than_the_machine(void **state) {
        World *world = *state;
        const Plain large = {
                .n = 9,
                .memory_mib = 1025,
                .cpus = 0x10,
                .bridges = 0xa,
                .allows_block = true,
                .block_mib = 2049,
        };

        refuse(world, "alice", BIT(POLICY_UNIKERNELS), &large,
               "The policy alice can't allow 9 unikernels: the machine has room for 8 unikernels");
        refuse(world, "alice", BIT(POLICY_MEMORY), &large,
               "The policy alice can't allow 1025 MiB of memory: the machine has 1024 MiB of "
               "memory");
        refuse(world, "alice", BIT(POLICY_CPUS), &large,
               "The policy alice can't allow the CPU 4: the machine has the CPUs 0-3");
        refuse(world, "alice", BIT(POLICY_BRIDGES), &large,
               "The policy alice can't allow the bridges br1,br3: the machine has the bridges "
               "br0,br1,br2");
        refuse(world, "alice", BIT(POLICY_BLOCK), &large,
               "The policy alice can't allow 2049 MiB of block storage: the machine has 2048 MiB "
               "of block storage");
}

static void none_allowed_above_means_not_even_nothing(void **state) {
        World *world = *state;
        const Plain none = {}, nothing = {.allows_block = true};

        assert_int_equal(set(world, "alice", BIT(POLICY_BLOCK), &none, NULL), 1);
        assert_int_equal(set(world, "alice:bob", ALL & ~BIT(POLICY_BLOCK), &middle, NULL), 1);
        refuse(world, "alice:bob", BIT(POLICY_BLOCK), &nothing,
               "The policy alice:bob can't allow 0 MiB of block storage: the policy alice allows "
               "no block devices");
}

static void it_is_larger_than_each_below(void **state) {
        World *world = *state;
        const Plain tiny = {.n = 1, .memory_mib = 17, .cpus = 0x1};
        Fault fault = {};

        assert_int_equal(set(world, "alice:x:bob", ALL, &middle, NULL), 1);
        assert_int_equal(set(world, "alice:x", ALL, &middle, NULL), 1);
        refuse(world, "alice", BIT(POLICY_UNIKERNELS), &tiny,
               "The policy alice can't be limited to 1 unikernel: the policy alice:x below it "
               "allows 4 unikernels");
        refuse(world, "alice:x", BIT(POLICY_MEMORY), &tiny,
               "The policy alice:x can't be limited to 17 MiB of memory: the policy alice:x:bob "
               "below it allows 256 MiB of memory");
        refuse(world, "alice", BIT(POLICY_CPUS), &tiny,
               "The policy alice can't be limited to the CPU 0: the policy alice:x below it "
               "allows the CPUs 0-2");
        refuse(world, "alice", BIT(POLICY_BRIDGES), &tiny,
               "The policy alice can't be limited to no bridges: the policy alice:x below it "
               "allows the bridges br0,br1");
        refuse(world, "alice", BIT(POLICY_BLOCK), &tiny,
               "The policy alice can't be limited to no block devices: the policy alice:x below "
               "it allows 100 MiB of block storage");
        assert_true(set(world, "alice", BIT(POLICY_BLOCK), &tiny, &fault) == -EDQUOT);
        assert_string_equal(fault.hint, "Change or remove the policy alice:x first");
}

static void a_new_one_fits_between_two(void **state) {
        World *world = *state;
        Plain plain = middle;

        plain.n = 2;
        assert_int_equal(set(world, "alice:x:y", ALL, &plain, NULL), 1);
        plain.n = 1;
        refuse(world, "alice:x", ALL, &plain,
               "The policy alice:x can't be limited to 1 unikernel: the policy alice:x:y below it "
               "allows 2 unikernels");
        plain.n = 3;
        assert_int_equal(set(world, "alice:x", ALL, &plain, NULL), 1);
}

static void siblings_may_promise_more_than_there_is(void **state) {
        World *world = *state;

        assert_int_equal(set(world, "alice:a", ALL, &middle, NULL), 1);
        assert_int_equal(set(world, "alice:b", ALL, &middle, NULL), 1);
        assert_int_equal(set(world, "alice:c", ALL, &middle, NULL), 1);
}

static void it_allows_what_is_used(void **state) {
        World *world = *state;
        const Plain tiny = {.n = 1, .memory_mib = 17, .cpus = 0x1, .allows_block = true};
        Claim *claims[] = {
                take(world, "alice:a:web",
                     &(const Plain){.n = 1, .memory_mib = 20, .cpus = 0x6, .bridges = 0x2}),
                take(world, "alice:stopped", &(const Plain){.n = 1, .cpus = 0x4}),
                take(world, "alice:a:disk", &(const Plain){.block_mib = 10}),
        };

        refuse(world, "alice", BIT(POLICY_UNIKERNELS), &tiny,
               "The policy alice can't be limited to 1 unikernel: it has 2 unikernels in use");
        refuse(world, "alice", BIT(POLICY_MEMORY), &tiny,
               "The policy alice can't be limited to 17 MiB of memory: it has 20 MiB of memory in "
               "use");
        refuse(world, "alice", BIT(POLICY_CPUS), &tiny,
               "The policy alice can't be limited to the CPU 0: it has the CPUs 1-2 in use");
        refuse(world, "alice", BIT(POLICY_BRIDGES), &tiny,
               "The policy alice can't be limited to no bridges: it has the bridge br1 in use");
        refuse(world, "alice", BIT(POLICY_BLOCK), &tiny,
               "The policy alice can't be limited to 0 MiB of block storage: it has 10 MiB of "
               "block storage in use");
        refuse(world, "alice", BIT(POLICY_BLOCK), &(const Plain){},
               "The policy alice can't be limited to no block devices: it has 10 MiB of block "
               "storage in use");
        refuse(world, "alice:a", NEEDED, &tiny,
               "The policy alice:a can't be limited to 17 MiB of memory: it has 20 MiB of memory "
               "in use");

        /* What is stopped needs its place, and nothing else. */
        claim_stop(claims[0]);
        assert_int_equal(set(world, "alice",
                             BIT(POLICY_MEMORY) | BIT(POLICY_CPUS) | BIT(POLICY_BRIDGES), &tiny,
                             NULL),
                         1);
        for (size_t i = 0; i < N_ELEMENTS(claims); i++)
                claim_free(claims[i]);
        assert_int_equal(set(world, "alice", ALL, &tiny, NULL), 1);
}

static void what_the_machine_lost_does_not_hinder_another_change(void **state) {
        World *world = *state;
        const Plain other = {.n = 1, .memory_mib = 200, .owners = 0xf};

        policy_clear(&world->machine);
        world->machine = plain_to_policy(&(const Plain){.n = 8, .memory_mib = 128, .cpus = 1});
        assert_int_equal(
                set(world, "alice", BIT(POLICY_OWNERS) | BIT(POLICY_UNIKERNELS), &other, NULL), 1);
        refuse(world, "alice", BIT(POLICY_MEMORY), &other,
               "The policy alice can't allow 200 MiB of memory: the machine has 128 MiB of memory");
}

static void so_many_are_below_one_and_no_more(void **state) {
        const Plain small = {.n = 1, .memory_mib = 17, .cpus = 0x1};
        World *world = *state;
        char path[32];

        for (unsigned i = 1; i <= POLICY_BELOW_MAX; i++) {
                (void) snprintf(path, sizeof(path), i % 2 ? "alice:p%u" : "alice:x:p%u", i);
                assert_int_equal(set(world, path, NEEDED, &small, NULL), 1);
        }
        refuse(world, "alice:more", NEEDED, &small,
               "The policy alice has 1000 policies below it, more than 1000 are not allowed");
        refuse(world, "alice:p1:more", NEEDED, &small,
               "The policy alice has 1000 policies below it, more than 1000 are not allowed");
        assert_int_equal(set(world, "alice:p1", NEEDED, &middle, NULL), 1);
        assert_int_equal(set(world, "bob", NEEDED, &small, NULL), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(a_new_policy_has_what_was_given),
                TEST(a_new_policy_needs_unikernels_memory_and_cpus),
                TEST(only_the_given_fields_change),
                TEST(what_is_equal_changes_nothing),
                TEST(an_unusable_policy_is_refused),
                TEST(the_root_has_what_the_machine_has),
                TEST(it_is_smaller_than_each_above),
                TEST(it_is_smaller_than_the_machine),
                TEST(none_allowed_above_means_not_even_nothing),
                TEST(it_is_larger_than_each_below),
                TEST(so_many_are_below_one_and_no_more),
                TEST(a_new_one_fits_between_two),
                TEST(siblings_may_promise_more_than_there_is),
                TEST(it_allows_what_is_used),
                TEST(what_the_machine_lost_does_not_hinder_another_change),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
