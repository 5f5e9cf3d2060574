/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy-model.h"

static const Plain machine_plain = {
        .n = 8,
        .memory_mib = 1024,
        .cpus = 0xf,
        .bridges = 0x7,
        .allows_block = true,
        .block_mib = 2048,
};

typedef struct World {
        PathTree *tree;
        Policy machine;
} World;

/* A machine, alice, who has half of it, and alice:bob, who has less. */
static int set_up(void **state) {
        World *world = calloc(1, sizeof(*world));

        assert_non_null(world);
        world->tree = path_tree_new();
        assert_non_null(world->tree);
        world->machine = plain_to_policy(&machine_plain);
        tree_put(world->tree, "alice",
                 &(const Plain){.n = 4,
                                .memory_mib = 256,
                                .cpus = 0x7,
                                .bridges = 0x3,
                                .allows_block = true,
                                .block_mib = 100});
        tree_put(world->tree, "alice:bob",
                 &(const Plain){.n = 2, .memory_mib = 128, .cpus = 0x3, .bridges = 0x1});
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

static int claim(World *world, Claim **ret, const char *text, const Plain *plain, Fault *fault) {
        Demand demand = {.running = plain->memory_mib > 0, .share = plain_to_share(plain)};
        Name name;
        int r;

        assert_int_equal(name_parse(&name, text, NULL), 0);
        demand.name = &name;
        r = claim_new(ret, world->tree, &world->machine, &demand, fault);
        bridges_clear(&demand.share.bridges);
        return r;
}

/* One that is to run; 0 MiB of memory: one that is not. */
static Claim *take(World *world, const char *name, const Plain *plain) {
        Fault fault = {};
        Claim *ret = NULL;
        int r;

        r = claim(world, &ret, name, plain, &fault);
        if (r != 0)
                fail_msg("%s", fault.message);
        return ret;
}

static void refuse(World *world,
                   const char *name,
                   const Plain *plain,
                   const char *message,
                   const char *hint) {
        char *before = tree_dump(world->tree), *after;
        Claim *untouched = (Claim *) world;
        Fault fault = {};

        assert_int_equal(claim(world, &untouched, name, plain, &fault), -EDQUOT);
        assert_ptr_equal(untouched, world);
        assert_int_equal(fault.code, FAULT_POLICY_VIOLATION);
        assert_string_equal(fault.message, message);
        assert_string_equal(fault.hint, hint);
        after = tree_dump(world->tree);
        assert_string_equal(after, before);
        free(before);
        free(after);
}

static const Plain small = {.n = 1, .memory_mib = 1};

static void the_number_of_unikernels_is_limited(void **state) {
        World *world = *state;
        Claim *claims[8];

        claims[0] = take(world, "alice:bob:a", &small);
        claims[1] = take(world, "alice:bob:b", &(const Plain){.n = 1});
        refuse(world, "alice:bob:c", &small,
               "One more unikernel was asked for, the policy alice:bob allows 2 and 2 are used",
               "Destroy one that is not needed any more: albatrossctl list alice:bob shows them");
        claims[2] = take(world, "alice:bob", &small);
        claims[3] = take(world, "alice:c:d:e", &small);
        /* Here nobody but alice has a limit. */
        refuse(world, "alice:x:y", &small,
               "One more unikernel was asked for, the policy alice allows 4 and 4 are used",
               "Destroy one that is not needed any more: albatrossctl list alice shows them");
        for (size_t i = 4; i < 8; i++)
                claims[i] = take(world, "web", &small);
        refuse(world, "other", &small,
               "One more unikernel was asked for, the machine has room for 8 and 8 are used",
               "Destroy one that is not needed any more: albatrossctl list shows them");
        for (size_t i = 0; i < 8; i++)
                claim_free(claims[i]);
}

static void memory_is_summed_up_over_the_whole_subtree(void **state) {
        World *world = *state;
        Claim *deep, *flat, *root;

        deep = take(world, "alice:bob:x:y", &(const Plain){.n = 1, .memory_mib = 100});
        refuse(world, "alice:bob:z", &(const Plain){.n = 1, .memory_mib = 29},
               "29 MiB of memory were asked for, the policy alice:bob allows 128 MiB and 100 MiB "
               "are used",
               "alice:bob has 28 MiB left");
        flat = take(world, "alice:web", &(const Plain){.n = 1, .memory_mib = 156});
        refuse(world, "alice:bob:z", &(const Plain){.n = 1, .memory_mib = 28},
               "28 MiB of memory were asked for, the policy alice allows 256 MiB and 256 MiB are "
               "used",
               "alice has nothing left");
        root = take(world, "web", &(const Plain){.n = 1, .memory_mib = 700});
        refuse(world, "carol:web", &(const Plain){.n = 1, .memory_mib = 69},
               "69 MiB of memory were asked for, the machine has 1024 MiB and 956 MiB are used",
               "The machine has 68 MiB left");
        claim_free(root);
        claim_free(flat);
        claim_free(deep);
}

static void the_nearest_limit_is_named(void **state) {
        World *world = *state;

        refuse(world, "alice:bob:z", &(const Plain){.n = 1, .memory_mib = 2000},
               "2000 MiB of memory were asked for, the policy alice:bob allows 128 MiB and 0 MiB "
               "are used",
               "alice:bob has 128 MiB left");
}

static void cpus_are_a_subset(void **state) {
        World *world = *state;
        const char *hint = "Without --cpus= it gets all CPUs that its policies allow";

        claim_free(take(world, "alice:bob:z", &(const Plain){.n = 1, .memory_mib = 1, .cpus = 3}));
        refuse(world, "alice:bob:z", &(const Plain){.n = 1, .memory_mib = 1, .cpus = 0x6},
               "The CPUs 1-2 were asked for, the policy alice:bob allows the CPUs 0-1", hint);
        refuse(world, "alice:z", &(const Plain){.n = 1, .memory_mib = 1, .cpus = 0x8},
               "The CPU 3 was asked for, the policy alice allows the CPUs 0-2", hint);
        refuse(world, "z", &(const Plain){.n = 1, .memory_mib = 1, .cpus = 0x18},
               "The CPUs 3-4 were asked for, the machine has the CPUs 0-3", hint);
}

static void bridges_are_a_subset(void **state) {
        World *world = *state;

        tree_put(world->tree, "carol", &(const Plain){.n = 1, .memory_mib = 17, .cpus = 1});
        refuse(world, "alice:bob:z", &(const Plain){.n = 1, .memory_mib = 1, .bridges = 0x3},
               "The bridge br1 was asked for, the policy alice:bob allows the bridge br0", "");
        refuse(world, "alice:z", &(const Plain){.n = 1, .memory_mib = 1, .bridges = 0x4},
               "The bridge br2 was asked for, the policy alice allows the bridges br0,br1", "");
        refuse(world, "carol:z", &(const Plain){.n = 1, .memory_mib = 1, .bridges = 0x1},
               "The bridge br0 was asked for, the policy carol allows no bridges", "");
        refuse(world, "z", &(const Plain){.n = 1, .memory_mib = 1, .bridges = 0x8},
               "The bridge br3 was asked for, the machine has the bridges br0,br1,br2", "");
}

static void block_storage_is_summed_up(void **state) {
        World *world = *state;
        Claim *disk, *root;

        refuse(world, "alice:bob:disk", &(const Plain){.block_mib = 1},
               "1 MiB of block storage were asked for, the policy alice:bob allows no block "
               "devices",
               "");
        disk = take(world, "alice:disk", &(const Plain){.block_mib = 60});
        refuse(world, "alice:web:other", &(const Plain){.block_mib = 50},
               "50 MiB of block storage were asked for, the policy alice allows 100 MiB and 60 MiB "
               "are used",
               "alice has 40 MiB left");
        root = take(world, "disk", &(const Plain){.block_mib = 1980});
        refuse(world, "alice:web:other", &(const Plain){.block_mib = 30},
               "30 MiB of block storage were asked for, the machine has 2048 MiB and 2040 MiB are "
               "used",
               "The machine has 8 MiB left");
        claim_free(disk);
        claim_free(take(world, "alice:web:other", &(const Plain){.block_mib = 40}));
        claim_free(root);
}

static void a_policy_does_not_limit_what_has_its_name(void **state) {
        World *world = *state;

        /* The policy alice:bob is for what is below it. */
        claim_free(take(world, "alice:bob", &(const Plain){.n = 1, .memory_mib = 200}));
        claim_free(take(world, "alice", &(const Plain){.n = 1, .memory_mib = 900}));
}

static void a_start_is_admitted_again(void **state) {
        World *world = *state;
        Share share = plain_to_share(&(const Plain){.n = 1, .memory_mib = 100});
        Claim *stopped, *other;
        Fault fault = {};
        char *before, *after;

        stopped = take(world, "alice:bob:a", &(const Plain){.n = 1});
        assert_false(claim_is_running(stopped));
        other = take(world, "alice:bob:b", &(const Plain){.n = 1, .memory_mib = 100});
        before = tree_dump(world->tree);
        assert_int_equal(claim_run(stopped, &world->machine, &share, &fault), -EDQUOT);
        assert_string_equal(fault.message, "100 MiB of memory were asked for, the policy alice:bob "
                                           "allows 128 MiB and 100 MiB are used");
        after = tree_dump(world->tree);
        assert_string_equal(after, before);
        free(before);
        free(after);

        claim_stop(other);
        claim_stop(other);
        /* Two are there and two are allowed: a start needs no further place. */
        assert_int_equal(claim_run(stopped, &world->machine, &share, NULL), 0);
        assert_true(claim_is_running(stopped));
        assert_int_equal(claim_run(other, &world->machine, &share, NULL), -EDQUOT);
        assert_false(claim_is_running(other));
        claim_free(stopped);
        claim_free(other);
}

static void what_is_stopped_could_at_least_run_alone(void **state) {
        World *world = *state;
        Share share = plain_to_share(&(const Plain){.n = 1, .memory_mib = 129});
        Name name = {"alice:bob:a"};
        Demand demand = {.name = &name, .share = share};
        Fault fault = {};
        Claim *full;

        assert_int_equal(admission_check(world->tree, &world->machine, &demand, &fault), -EDQUOT);
        assert_string_equal(fault.message, "129 MiB of memory were asked for, the policy alice:bob "
                                           "allows 128 MiB and 0 MiB are used");
        full = take(world, "alice:bob:full", &(const Plain){.n = 1, .memory_mib = 128});
        demand.share.memory_bytes = 128ULL << 20;
        assert_int_equal(admission_check(world->tree, &world->machine, &demand, NULL), 0);
        demand.running = true;
        assert_int_equal(admission_check(world->tree, &world->machine, &demand, NULL), -EDQUOT);
        claim_free(full);
}

static void a_run_in_place_of_another_one_needs_only_the_difference(void **state) {
        World *world = *state;
        Share larger = plain_to_share(&(const Plain){.n = 1, .memory_mib = 120, .bridges = 1});
        Share too_large = plain_to_share(&(const Plain){.n = 1, .memory_mib = 129});
        Claim *running;

        running = take(world, "alice:bob:a", &(const Plain){.n = 1, .memory_mib = 100, .cpus = 2});
        assert_int_equal(claim_check(running, &world->machine, &larger, NULL), 0);
        assert_int_equal(claim_run(running, &world->machine, &larger, NULL), 0);
        assert_int_equal(claim_run(running, &world->machine, &too_large, NULL), -EDQUOT);
        assert_int_equal(claim_check(running, &world->machine, &too_large, NULL), -EDQUOT);
        assert_true(claim_is_running(running));
        assert_int_equal(
                path_node_usage(path_tree_find_nearest(world->tree, "", 0))->memory_bytes >> 20,
                120);
        claim_free(running);
        bridges_clear(&larger.bridges);
}

static uint64_t used_mib(const World *world) {
        return path_node_usage(path_tree_find_nearest(world->tree, "", 0))->memory_bytes >> 20;
}

static void a_run_to_be_replaced_has_what_either_takes(void **state) {
        World *world = *state;
        Share smaller = plain_to_share(&(const Plain){.n = 1, .memory_mib = 20, .cpus = 1});
        Share larger = plain_to_share(&(const Plain){.n = 1, .memory_mib = 120, .bridges = 1});
        Share too_large = plain_to_share(&(const Plain){.n = 1, .memory_mib = 129});
        char *before, *after;
        Claim *running;

        running = take(world, "alice:bob:a", &(const Plain){.n = 1, .memory_mib = 100, .cpus = 2});
        before = tree_dump(world->tree);
        assert_int_equal(claim_widen(running, &world->machine, &too_large, NULL), -EDQUOT);
        assert_int_equal(claim_narrow(running), 0);
        assert_int_equal(claim_widen(running, &world->machine, &smaller, NULL), 0);
        assert_int_equal(used_mib(world), 100);
        assert_int_equal(claim_narrow(running), 0);
        after = tree_dump(world->tree);
        assert_string_equal(after, before);
        free(after);

        assert_int_equal(claim_widen(running, &world->machine, &larger, NULL), 0);
        assert_int_equal(used_mib(world), 120);
        assert_int_equal(claim_narrow(running), 0);
        assert_int_equal(claim_narrow(running), 0);
        after = tree_dump(world->tree);
        assert_string_equal(after, before);
        free(after);
        free(before);

        /* With the next run there is nothing to go back to, nor without any. */
        assert_int_equal(claim_widen(running, &world->machine, &smaller, NULL), 0);
        assert_int_equal(claim_run(running, &world->machine, &smaller, NULL), 0);
        assert_int_equal(claim_narrow(running), 0);
        assert_int_equal(used_mib(world), 20);
        assert_int_equal(claim_widen(running, &world->machine, &larger, NULL), 0);
        claim_stop(running);
        assert_int_equal(claim_narrow(running), 0);
        assert_false(claim_is_running(running));
        assert_int_equal(used_mib(world), 0);
        claim_free(running);
        bridges_clear(&larger.bridges);
}

static void what_is_there_already_is_counted_beyond_all_limits(void **state) {
        World *world = *state;
        Share share = plain_to_share(&(const Plain){.n = 1, .memory_mib = 4000, .cpus = 0x80});
        Share smaller = plain_to_share(&(const Plain){.n = 1, .memory_mib = 3000});
        Name name = {"alice:bob:a"};
        Demand demand = {.name = &name, .share = share, .running = true};
        Claim *restored = NULL;

        assert_int_equal(claim_restore(&restored, world->tree, &demand), 0);
        refuse(world, "alice:web", &small,
               "1 MiB of memory were asked for, the policy alice allows 256 MiB and 4000 MiB are "
               "used",
               "alice has nothing left");
        claim_stop(restored);
        assert_int_equal(claim_run(restored, &world->machine, &smaller, NULL), -EDQUOT);
        assert_int_equal(claim_restore_run(restored, &smaller), 0);
        assert_true(claim_is_running(restored));
        claim_free(restored);
}

static void sums_that_are_no_number_are_refused(void **state) {
        World *world = *state;
        Name name = {"x"};
        Demand demand = {.name = &name, .running = true, .share.n_unikernels = 1};
        Claim *first, *second = NULL;
        char *before, *after;

        demand.share.memory_bytes = UINT64_MAX;
        assert_int_equal(claim_restore(&first, world->tree, &demand), 0);
        before = tree_dump(world->tree);
        name = (Name){"new:path:x"};
        assert_int_equal(claim_restore(&second, world->tree, &demand), -ERANGE);
        assert_null(second);
        after = tree_dump(world->tree);
        assert_string_equal(after, before);
        free(before);
        free(after);
        refuse(world, "alice:web", &small,
               "1 MiB of memory were asked for, the machine has 1024 MiB and 17592186044415 MiB "
               "are used",
               "The machine has nothing left");
        claim_free(first);
}

static void check_bridges(World *world, const char *unikernel, const char *expected) {
        Bridges bridges = {};
        char text[128];
        Name name;

        assert_int_equal(name_parse(&name, unikernel, NULL), 0);
        assert_int_equal(policies_bridges(world->tree, &world->machine, &name, &bridges), 0);
        bridges_format(&bridges, text, sizeof(text));
        assert_string_equal(text, expected);
        bridges_clear(&bridges);
}

/* What is filled in comes from these. */
static void knows_all_bridges_that_are_allowed(void **state) {
        World *world = *state;
        Bridges all = world->machine.bridges;

        check_bridges(world, "x", "br0,br1,br2");
        check_bridges(world, "alice:x", "br0,br1");
        check_bridges(world, "alice:carol:x", "br0,br1");
        check_bridges(world, "alice:bob:x", "br0");
        check_bridges(world, "alice:bob:a:b:x", "br0");
        /* One that the host has no more. */
        world->machine.bridges = (Bridges){.names = all.names + 1, .n = all.n - 1};
        check_bridges(world, "alice:bob:x", "");
        check_bridges(world, "alice:x", "br1");
        world->machine.bridges = all;
}

static void without_cpus_given_it_gets_all_that_are_allowed(void **state) {
        World *world = *state;
        Cpus cpus;

        cpus = policies_cpus(world->tree, &world->machine, &(const Name){"alice:bob:a:b"});
        assert_int_equal(cpus.words[0], 0x3);
        cpus = policies_cpus(world->tree, &world->machine, &(const Name){"alice:bob"});
        assert_int_equal(cpus.words[0], 0x7);
        cpus = policies_cpus(world->tree, &world->machine, &(const Name){"bob:x"});
        assert_int_equal(cpus.words[0], 0xf);

        world->machine.cpus.words[0] = 0xc;
        cpus = policies_cpus(world->tree, &world->machine, &(const Name){"alice:bob"});
        assert_int_equal(cpus.words[0], 0x4);
        refuse(world, "alice:bob:a", &small,
               "The machine has no CPU of those that the policies allow", "");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(the_number_of_unikernels_is_limited),
                TEST(memory_is_summed_up_over_the_whole_subtree),
                TEST(the_nearest_limit_is_named),
                TEST(cpus_are_a_subset),
                TEST(bridges_are_a_subset),
                TEST(block_storage_is_summed_up),
                TEST(a_policy_does_not_limit_what_has_its_name),
                TEST(a_start_is_admitted_again),
                TEST(what_is_stopped_could_at_least_run_alone),
                TEST(a_run_in_place_of_another_one_needs_only_the_difference),
                TEST(a_run_to_be_replaced_has_what_either_takes),
                TEST(what_is_there_already_is_counted_beyond_all_limits),
                TEST(sums_that_are_no_number_are_refused),
                TEST(knows_all_bridges_that_are_allowed),
                TEST(without_cpus_given_it_gets_all_that_are_allowed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
