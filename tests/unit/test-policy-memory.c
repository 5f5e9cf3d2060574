/* SPDX-License-Identifier: ISC */

/* One allocation after the other fails: each time nothing may have changed, and nothing leak. */

#include <errno.h>
#include <search.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy-model.h"

/* How many allocations succeed before the one that fails; negative: all of them do. */
static int n_before_failure = -1;
static bool has_failed;

static bool fails_now(void) {
        if (n_before_failure < 0 || n_before_failure-- > 0)
                return false;
        has_failed = true;
        return true;
}

/* What the linker calls instead, and what it calls the real ones. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_reallocarray(void *pointer, size_t n, size_t size);
void *__wrap_reallocarray(void *pointer, size_t n, size_t size);
void *__real_tsearch(const void *key, void **root, comparison_fn_t compare);
void *__wrap_tsearch(const void *key, void **root, comparison_fn_t compare);

void *__wrap_malloc(size_t size) {
        return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
        return fails_now() ? NULL : __real_calloc(n, size);
}

void *__wrap_reallocarray(void *pointer, size_t n, size_t size) {
        return fails_now() ? NULL : __real_reallocarray(pointer, n, size);
}

void *__wrap_tsearch(const void *key, void **root, comparison_fn_t compare) {
        return fails_now() ? NULL : __real_tsearch(key, root, compare);
}

static const Plain plain = {
        .n = 2,
        .memory_mib = 64,
        .cpus = 0x3,
        .bridges = 0x3,
        .owners = 0x3,
};

typedef struct World {
        PathTree *tree;
        Policy machine;
        PolicyChange change;
        Share share;
        Claim *claim;
        Claim *stopped;
        PolicyList list;
        Owners owners;
} World;

/* Runs @operation again and again, until no allocation of it fails any more. */
static void let_it_fail(World *world, int (*operation)(World *world), int expected) {
        unsigned n_failures = 0;

        for (int i = 0;; i++) {
                char *before = tree_dump(world->tree), *after;
                int r;

                has_failed = false;
                n_before_failure = i;
                r = operation(world);
                n_before_failure = -1;
                if (has_failed) {
                        assert_int_equal(r, -ENOMEM);
                        after = tree_dump(world->tree);
                        assert_string_equal(after, before);
                        free(after);
                        n_failures++;
                }
                free(before);
                if (!has_failed) {
                        assert_int_equal(r, expected);
                        break;
                }
        }
        assert_true(n_failures > 0);
}

static int set(World *world) {
        return policies_set(world->tree, &world->machine, &(const Name){"a:b:c"}, &world->change,
                            NULL);
}

static int claim(World *world) {
        const Name name = {"a:b:x:y:web"};
        const Demand demand = {.name = &name, .share = world->share, .running = true};

        return claim_new(&world->claim, world->tree, &world->machine, &demand, NULL);
}

static int run(World *world) {
        return claim_run(world->stopped, &world->machine, &world->share, NULL);
}

static int ask_for_owners(World *world) {
        return policies_owners_above(world->tree, &(const Name){"a:b:c:web"}, &world->owners);
}

static int remove_all(World *world) {
        return policies_remove(world->tree, &(const Name){"a"}, true, &world->list, NULL);
}

static void without_memory_nothing_changes(void **state) {
        World world = {.tree = path_tree_new(), .machine = plain_to_policy(&plain)};
        const Name name = {"d:stopped"};
        const Demand demand = {.name = &name, .share.n_unikernels = 1};

        assert_non_null(world.tree);
        world.machine.n_unikernels = 10;
        world.machine.memory_bytes *= 10;
        world.change.values = plain_to_policy(&plain);
        for (PolicyField field = 0; field < POLICY_N_FIELDS; field++)
                world.change.given[field] = true;
        world.share = plain_to_share(&plain);
        world.share.n_unikernels = 1;
        assert_int_equal(claim_restore(&world.stopped, world.tree, &demand), 0);
        tree_put(world.tree, "a", &plain);

        let_it_fail(&world, set, 1);
        let_it_fail(&world, claim, 0);
        let_it_fail(&world, run, 0);
        let_it_fail(&world, ask_for_owners, 0);
        assert_int_equal(world.owners.n, 2);
        let_it_fail(&world, remove_all, 0);
        assert_int_equal(world.list.n, 2);

        policy_list_clear(&world.list);
        owners_clear(&world.owners);
        claim_free(world.claim);
        claim_free(world.stopped);
        bridges_clear(&world.share.bridges);
        policy_clear(&world.change.values);
        policy_clear(&world.machine);
        path_tree_free(world.tree);
}

static void a_tree_without_memory_is_none(void **state) {
        for (n_before_failure = 0;; n_before_failure++) {
                int i = n_before_failure;
                PathTree *tree;

                has_failed = false;
                tree = path_tree_new();
                n_before_failure = i;
                if (!has_failed) {
                        assert_non_null(tree);
                        path_tree_free(tree);
                        break;
                }
                assert_null(tree);
        }
        assert_true(n_before_failure > 0);
        n_before_failure = -1;
}

static void what_is_given_back_needs_no_memory(void **state) {
        PathTree *tree = path_tree_new();
        const Name name = {"a:b:web"};
        const Demand demand = {
                .name = &name,
                .share = {.n_unikernels = 1, .memory_bytes = 5},
                .running = true,
        };
        Claim *claim;

        assert_non_null(tree);
        assert_int_equal(claim_restore(&claim, tree, &demand), 0);
        n_before_failure = 0;
        claim_stop(claim);
        claim_free(claim);
        path_tree_free(tree);
        n_before_failure = -1;
        assert_false(has_failed);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(without_memory_nothing_changes),
                cmocka_unit_test(a_tree_without_memory_is_none),
                cmocka_unit_test(what_is_given_back_needs_no_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
