/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy-equal.h"
#include "policy-model.h"

static const Plain middle = {
        .n = 4,
        .memory_mib = 256,
        .cpus = 0x7,
        .bridges = 0x3,
        .owners = 0x1,
        .allows_block = true,
        .block_mib = 100,
};

static int set_up(void **state) {
        PathTree *tree = path_tree_new();

        assert_non_null(tree);
        tree_put(tree, "alice", &middle);
        *state = tree;
        return 0;
}

static int tear_down(void **state) {
        path_tree_free(*state);
        return 0;
}

static const Policy *find(const PathTree *tree, const char *path) {
        Name name = {};

        strcpy(name.text, path);
        return policies_find(tree, &name);
}

static void refuse_removal(PathTree *tree,
                           const char *path,
                           bool recursive,
                           const char *message,
                           const char *hint) {
        char *before = tree_dump(tree), *after;
        PolicyList list = {.n = 77};
        Fault fault = {};
        Name name = {};

        strcpy(name.text, path);
        assert_true(policies_remove(tree, &name, recursive, &list, &fault) < 0);
        assert_string_equal(fault.message, message);
        assert_string_equal(fault.hint, hint);
        assert_int_equal(list.n, 77);
        after = tree_dump(tree);
        assert_string_equal(after, before);
        free(before);
        free(after);
}

static void a_policy_with_others_below_stays(void **state) {
        PathTree *tree = *state;
        const char *hint = "With --recursive they are removed, too";
        char path[NAME_MAX_LENGTH + 1];

        tree_put(tree, "alice:x:bob", &middle);
        refuse_removal(tree, "alice", false, "The policy alice has a policy below it: alice:x:bob",
                       hint);
        tree_put(tree, "alice:x", &middle);
        refuse_removal(tree, "alice", false,
                       "The policy alice has policies below it: alice:x, alice:x:bob", hint);
        for (unsigned i = 0; i < 20; i++) {
                snprintf(path, sizeof(path), "alice:a-rather-long-label-that-takes-room-%02u", i);
                tree_put(tree, path, &middle);
        }
        refuse_removal(tree, "alice", false,
                       "The policy alice has policies below it: "
                       "alice:a-rather-long-label-that-takes-room-00, "
                       "alice:a-rather-long-label-that-takes-room-01, "
                       "alice:a-rather-long-label-that-takes-room-02, "
                       "alice:a-rather-long-label-that-takes-room-03, "
                       "alice:a-rather-long-label-that-takes-room-04 and 17 more",
                       hint);
}

static void what_is_not_there_can_not_be_removed(void **state) {
        PathTree *tree = *state;

        tree_put(tree, "alice:x:bob", &middle);
        refuse_removal(tree, "carol", true, "There is no policy carol", "");
        refuse_removal(tree, "alice:x", true, "There is no policy alice:x", "");
}

static void recursively_all_below_go_in_one_step(void **state) {
        PathTree *tree = *state;
        static const char *const paths[] = {"alice:x", "alice:x:bob", "alice:x:carol"};
        Policy expected = plain_to_policy(&middle);
        PolicyList list;

        tree_put(tree, "alice:x:carol", &middle);
        tree_put(tree, "alice:x:bob", &middle);
        tree_put(tree, "alice:x", &middle);
        tree_put(tree, "alice:y", &middle);
        assert_int_equal(policies_remove(tree, &(const Name){"alice:x"}, true, &list, NULL), 0);
        assert_int_equal(list.n, N_ELEMENTS(paths));
        for (size_t i = 0; i < list.n; i++) {
                assert_string_equal(list.entries[i].path.text, paths[i]);
                assert_true(policy_equal(&list.entries[i].policy, &expected));
                assert_null(find(tree, paths[i]));
        }
        assert_non_null(find(tree, "alice"));
        assert_non_null(find(tree, "alice:y"));

        /* What could not be removed from the disk comes back. */
        assert_int_equal(policies_put(tree, &list.entries[1].path, &list.entries[1].policy), 0);
        assert_true(policy_equal(find(tree, "alice:x:bob"), &expected));
        policy_list_clear(&list);
        policy_clear(&expected);
}

static void unikernels_do_not_hinder_a_removal(void **state) {
        PathTree *tree = *state;
        const Name name = {"alice:web"};
        const Demand demand = {
                .name = &name,
                .share = plain_to_share(&(const Plain){.n = 1, .memory_mib = 200}),
                .running = true,
        };
        Claim *claim;
        PolicyList list;
        char *dump;

        assert_int_equal(claim_restore(&claim, tree, &demand), 0);
        assert_int_equal(policies_remove(tree, &(const Name){"alice"}, false, &list, NULL), 0);
        policy_list_clear(&list);
        dump = tree_dump(tree);
        assert_string_equal(dump, "\"\" uses 1, 200 MiB, block 0 MiB\n"
                                  "\"alice\" uses 1, 200 MiB, block 0 MiB\n");
        free(dump);
        claim_free(claim);
}

/* --- owners --- */

static void check_owners(int r, Owners *owners, const char *expected) {
        char *text;

        assert_int_equal(r, 0);
        assert_int_equal(owners_format(owners, &text), 0);
        assert_string_equal(text, expected);
        free(text);
        owners_clear(owners);
}

static void nobody_owns_his_own_limits(void **state) {
        PathTree *tree = *state;
        Plain plain = middle;
        Owners owners;

        plain.owners = 0x7; /* 1 is a group */
        tree_put(tree, "alice:bob", &plain);
        check_owners(policies_owners_above(tree, &(const Name){"alice"}, &owners), &owners, "");
        check_owners(policies_owners_above(tree, &(const Name){"alice:bob"}, &owners), &owners,
                     "owner0");
        check_owners(policies_owners_above(tree, &(const Name){"alice:bob:web"}, &owners), &owners,
                     "owner0 owner2 @owner1");
        check_owners(policies_owners_above(tree, &(const Name){"alice:bob:x:y"}, &owners), &owners,
                     "owner0 owner2 @owner1");
        check_owners(policies_owners_above(tree, &(const Name){"alice:bobby:x"}, &owners), &owners,
                     "owner0");
        check_owners(policies_owners_above(tree, &(const Name){"alicex:web"}, &owners), &owners,
                     "");
        check_owners(policies_owners_above(tree, &(const Name){"web"}, &owners), &owners, "");
        check_owners(policies_owners_above(tree, &(const Name){}, &owners), &owners, "");
}

static void for_a_prefix_its_own_policy_counts(void **state) {
        PathTree *tree = *state;
        Owners owners;

        check_owners(policies_owners_of_prefix(tree, &(const Name){"alice"}, &owners), &owners,
                     "owner0");
        check_owners(policies_owners_of_prefix(tree, &(const Name){"alice:x"}, &owners), &owners,
                     "owner0");
        check_owners(policies_owners_of_prefix(tree, &(const Name){}, &owners), &owners, "");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(a_policy_with_others_below_stays),
                TEST(what_is_not_there_can_not_be_removed),
                TEST(recursively_all_below_go_in_one_step),
                TEST(unikernels_do_not_hinder_a_removal),
                TEST(nobody_owns_his_own_limits),
                TEST(for_a_prefix_its_own_policy_counts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
