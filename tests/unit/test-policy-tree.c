/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy-model.h"

static void put(PathTree *tree, const char *path) {
        Policy policy = {.n_unikernels = 1};
        Name name = {};

        strcpy(name.text, path);
        assert_int_equal(policies_put(tree, &name, &policy), 0);
}

static PathNode *find(const PathTree *tree, const char *path) {
        return path_tree_find(tree, path, strlen(path));
}

static int append_path(void *userdata, const PathNode *node) {
        char *text = userdata;

        strcat(strcat(text, "/"), path_node_path(node));
        return 0;
}

static void check_visited(const PathTree *tree, const char *path, const char *expected) {
        char text[256] = "";

        assert_int_equal(path_tree_visit(tree, path, strlen(path), append_path, text), 0);
        assert_string_equal(text, expected);
}

static void a_new_tree_has_a_root_and_nothing_else(void **state) {
        PathTree *tree = path_tree_new();

        assert_non_null(tree);
        check_visited(tree, "", "/");
        check_visited(tree, "alice", "");
        assert_null(find(tree, "alice"));
        assert_ptr_equal(path_tree_find_nearest(tree, "a:b", 3), find(tree, ""));
        assert_null(path_node_parent(find(tree, "")));
        assert_null(path_node_policy(find(tree, "")));
        assert_null(path_tree_free(tree));
        assert_null(path_tree_free(NULL));
}

static void nodes_are_visited_in_order(void **state) {
        _cleanup_(path_tree_freep) PathTree *tree = path_tree_new();

        put(tree, "b:x");
        put(tree, "a-b");
        put(tree, "a:z:z");
        put(tree, "a:b.c");
        put(tree, "a");
        put(tree, "a:b");
        check_visited(tree, "", "//a/a:b/a:b.c/a:z/a:z:z/a-b/b/b:x");
        check_visited(tree, "a", "/a/a:b/a:b.c/a:z/a:z:z");
        check_visited(tree, "a:z", "/a:z/a:z:z");
        check_visited(tree, "b", "/b/b:x");
        check_visited(tree, "a:", "");
        check_visited(tree, "a:b:c", "");
}

static void the_path_within_a_name_is_found(void **state) {
        _cleanup_(path_tree_freep) PathTree *tree = path_tree_new();
        PathNode *node;

        put(tree, "alice:bob");
        assert_ptr_equal(path_tree_find(tree, "alice:bob:web", 9), find(tree, "alice:bob"));
        assert_ptr_equal(path_tree_find(tree, "alice:bob:web", 5), find(tree, "alice"));
        assert_null(path_tree_find(tree, "alice:bob:web", 13));
        assert_null(path_tree_find(tree, "alice:bobby", 11));
        assert_null(path_tree_find(tree, "alice:bo", 8));
        node = path_tree_find_nearest(tree, "alice:bobby:web", 11);
        assert_string_equal(path_node_path(node), "alice");
        assert_int_equal(path_node_length(node), 5);
        assert_ptr_equal(path_node_parent(node), find(tree, ""));
}

static int stop_at_b(void *userdata, const PathNode *node) {
        append_path(userdata, node);
        return strcmp(path_node_path(node), "b") == 0 ? -5 : 0;
}

static int pass_over_a(void *userdata, const PathNode *node) {
        append_path(userdata, node);
        return strcmp(path_node_path(node), "a") == 0;
}

static void a_visitor_can_stop_or_leave_out(void **state) {
        _cleanup_(path_tree_freep) PathTree *tree = path_tree_new();
        char text[256] = "";

        put(tree, "a:x");
        put(tree, "a:y");
        put(tree, "b:x");
        put(tree, "c");
        assert_int_equal(path_tree_visit(tree, "", 0, stop_at_b, text), -5);
        assert_string_equal(text, "//a/a:x/a:y/b");
        text[0] = '\0';
        assert_int_equal(path_tree_visit(tree, "", 0, pass_over_a, text), 0);
        assert_string_equal(text, "//a/b/b:x/c");
}

static void empty_nodes_vanish(void **state) {
        _cleanup_(path_tree_freep) PathTree *tree = path_tree_new();
        Name name = {"a:b:c:web"};
        const Demand demand = {.name = &name, .share.n_unikernels = 1};
        Claim *claim;

        assert_int_equal(claim_restore(&claim, tree, &demand), 0);
        check_visited(tree, "", "//a/a:b/a:b:c");
        put(tree, "a:b");
        claim_free(claim);
        check_visited(tree, "", "//a/a:b");
        assert_int_equal(policies_put(tree, &(const Name){"a:b"}, NULL), 0);
        check_visited(tree, "", "/");
        assert_int_equal(policies_put(tree, &(const Name){"a:b"}, NULL), 0);
        check_visited(tree, "", "/");
}

static void policies_are_counted_on_the_way_up(void **state) {
        _cleanup_(path_tree_freep) PathTree *tree = path_tree_new();

        put(tree, "a");
        put(tree, "a:b:c");
        put(tree, "a:b:c");
        put(tree, "d");
        assert_int_equal(path_node_count_policies(find(tree, "")), 3);
        assert_int_equal(path_node_count_policies(find(tree, "a")), 2);
        assert_int_equal(path_node_count_policies(find(tree, "a:b")), 1);
        assert_int_equal(policies_put(tree, &(const Name){"a"}, NULL), 0);
        assert_int_equal(path_node_count_policies(find(tree, "a")), 1);
        check_visited(tree, "", "//a/a:b/a:b:c/d");
}

static void a_cpu_is_in_use_until_its_last_user_goes(void **state) {
        _cleanup_(path_tree_freep) PathTree *tree = path_tree_new();
        Name name = {"a:web"};
        Demand demand = {.name = &name, .running = true};
        Claim *first, *second;
        char *dump;

        demand.share = plain_to_share(&(const Plain){.n = 1, .cpus = 0x3, .bridges = 0x5});
        assert_int_equal(claim_restore(&first, tree, &demand), 0);
        bridges_clear(&demand.share.bridges);
        demand.share = plain_to_share(&(const Plain){.n = 1, .cpus = 0x6, .bridges = 0x6});
        assert_int_equal(claim_restore(&second, tree, &demand), 0);
        bridges_clear(&demand.share.bridges);

        dump = tree_dump(tree);
        assert_string_equal(dump, "\"\" uses 2, 0 MiB, block 0 MiB cpu0*1 cpu1*2 cpu2*1 br0*1 "
                                  "br1*1 br2*2\n"
                                  "\"a\" uses 2, 0 MiB, block 0 MiB cpu0*1 cpu1*2 cpu2*1 br0*1 "
                                  "br1*1 br2*2\n");
        free(dump);
        claim_stop(first);
        dump = tree_dump(tree);
        assert_string_equal(dump, "\"\" uses 2, 0 MiB, block 0 MiB cpu1*1 cpu2*1 br1*1 br2*1\n"
                                  "\"a\" uses 2, 0 MiB, block 0 MiB cpu1*1 cpu2*1 br1*1 br2*1\n");
        free(dump);
        claim_free(second);
        claim_free(first);
        check_visited(tree, "", "/");
}

static void the_highest_cpu_is_counted_too(void **state) {
        _cleanup_(path_tree_freep) PathTree *tree = path_tree_new();
        Name name = {"a:web"};
        Demand demand = {.name = &name, .running = true, .share.n_unikernels = 1};
        Policy used;
        Claim *claim;

        cpus_add(&demand.share.cpus, CPUS_MAX - 1);
        assert_int_equal(claim_restore(&claim, tree, &demand), 0);
        used = usage_as_policy(path_node_usage(find(tree, "a")));
        assert_true(cpus_equal(&used.cpus, &demand.share.cpus));
        claim_stop(claim);
        used = usage_as_policy(path_node_usage(find(tree, "a")));
        assert_true(cpus_is_empty(&used.cpus));
        claim_free(claim);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_new_tree_has_a_root_and_nothing_else),
                cmocka_unit_test(nodes_are_visited_in_order),
                cmocka_unit_test(the_path_within_a_name_is_found),
                cmocka_unit_test(a_visitor_can_stop_or_leave_out),
                cmocka_unit_test(empty_nodes_vanish),
                cmocka_unit_test(policies_are_counted_on_the_way_up),
                cmocka_unit_test(a_cpu_is_in_use_until_its_last_user_goes),
                cmocka_unit_test(the_highest_cpu_is_counted_too),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
