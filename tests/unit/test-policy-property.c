/* SPDX-License-Identifier: ISC */

/*
 * Random operations on random trees, each done to the tree of paths and to the model of
 * policy-model.h, which have to agree: on what is refused, on whose limit it was, and, after each
 * one, on everything that is there. A seed of one's own: ALBATROSS_SEED=NUMBER.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <cmocka.h>

#include "policy-equal.h"
#include "policy-model.h"

#define N_OPERATIONS 1500U

typedef struct World {
        Model model;
        PathTree *tree;
        uint64_t random;
        bool machine_changes;
        unsigned n_done, n_refused;
} World;

/* splitmix64: the same numbers everywhere. */
static unsigned below(World *world, unsigned n) {
        uint64_t z = world->random += 0x9e3779b97f4a7c15;

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return (unsigned) ((z ^ (z >> 31)) % n);
}

static unsigned some_bits(World *world, unsigned among) {
        return below(world, 2) > 0 ? among : among & below(world, 16);
}

static Plain random_policy(World *world) {
        return (Plain){
                .n = below(world, 9),
                .memory_mib = 8 * below(world, 40),
                .cpus = some_bits(world, 0xf),
                .bridges = some_bits(world, 0x7),
                .owners = below(world, 16),
                .allows_block = below(world, 3) > 0,
                .block_mib = 10 * below(world, 10),
        };
}

static void check_refusal(World *world, int r, const Fault *fault, bool allowed) {
        if (allowed) {
                assert_true(r >= 0);
                world->n_done++;
        } else {
                assert_true(r < 0);
                assert_int_not_equal(fault->code, FAULT_NONE);
                assert_true(fault->message[0] != '\0');
                world->n_refused++;
        }
}

static void check_who_refused(const World *world, const Fault *fault, unsigned path) {
        char expected[LIMIT_TEXT_MAX + 1];

        if (fault->code == FAULT_NONE)
                return;
        assert_int_equal(fault->code, FAULT_POLICY_VIOLATION);
        if (path == 0)
                strcpy(expected, "he machine has");
        else
                snprintf(expected, sizeof(expected), "the policy %s allows ",
                         world->model.paths[path].text);
        if (!strstr(fault->message, expected))
                fail_msg("\"%s\" does not name \"%s\"", fault->message, expected);
}

static void set_field(Plain *plain, const Plain *values, PolicyField field) {
        if (field == POLICY_UNIKERNELS)
                plain->n = values->n;
        else if (field == POLICY_MEMORY)
                plain->memory_mib = values->memory_mib;
        else if (field == POLICY_CPUS)
                plain->cpus = values->cpus;
        else if (field == POLICY_BRIDGES)
                plain->bridges = values->bridges;
        else if (field == POLICY_OWNERS)
                plain->owners = values->owners;
        else {
                plain->allows_block = values->allows_block;
                plain->block_mib = values->allows_block ? values->block_mib : 0;
        }
}

static void set_policy(World *world) {
        Model *model = &world->model;
        unsigned path = below(world, MODEL_PATHS);
        const Plain *previous = model->set[path] ? &model->policies[path] : NULL;
        Plain plain = previous ? *previous : (Plain){}, values = random_policy(world);
        bool give_all = below(world, 4) > 0, complete = true, differs = !previous, allowed;
        PolicyChange change = {.values = plain_to_policy(&values)};
        Policy machine = plain_to_policy(&model->machine);
        Fault fault = {};
        int r;

        for (PolicyField field = 0; field < POLICY_N_FIELDS; field++) {
                change.given[field] =
                        previous ? below(world, 3) == 0 : give_all || below(world, 2) > 0;
                if (change.given[field])
                        set_field(&plain, &values, field);
                else if (field <= POLICY_CPUS && !previous)
                        complete = false;
                differs = differs || plain_differs(&plain, previous, field);
        }

        allowed = path != 0 && complete && model_allows_policy(model, path, &plain);
        r = policies_set(world->tree, &machine, &model->paths[path], &change, &fault);
        check_refusal(world, r, &fault, allowed);
        if (allowed) {
                assert_int_equal(r, differs);
                model->set[path] = true;
                model->policies[path] = plain;
        }
        policy_clear(&change.values);
        policy_clear(&machine);
}

static void remove_policy(World *world) {
        Model *model = &world->model;
        unsigned path = below(world, MODEL_PATHS), n_below = 0, n_seen = 0;
        bool recursive = below(world, 2) > 0, allowed;
        PolicyList list = {};
        Fault fault = {};
        int r;

        for (unsigned i = 0; i < MODEL_PATHS; i++)
                n_below += i != path && model->set[i] && model_contains(model, path, i);
        allowed = model->set[path] && (recursive || n_below == 0);
        r = policies_remove(world->tree, &model->paths[path], recursive, &list, &fault);
        check_refusal(world, r, &fault, allowed);
        assert_int_equal(list.n, allowed ? 1 + n_below : 0);
        for (unsigned i = 0; allowed && i < MODEL_PATHS; i++) {
                Policy expected;

                if (!model->set[i] || !model_contains(model, path, i))
                        continue;
                expected = plain_to_policy(&model->policies[i]);
                assert_string_equal(list.entries[n_seen].path.text, model->paths[i].text);
                assert_true(policy_equal(&list.entries[n_seen++].policy, &expected));
                policy_clear(&expected);
                model->set[i] = false;
        }
        policy_list_clear(&list);
}

static Plain held_of(const Thing *thing, bool running) {
        Plain held = {.n = thing->wanted.n, .block_mib = thing->wanted.block_mib};

        if (running) {
                held.memory_mib = thing->wanted.memory_mib;
                held.cpus = thing->wanted.cpus;
                held.bridges = thing->wanted.bridges;
        }
        return held;
}

static Plain random_unikernel(World *world) {
        return (Plain){
                .n = 1,
                .memory_mib = 8 * (1 + below(world, 8)),
                .cpus = below(world, 2) ? 0 : 1 << below(world, 4),
                .bridges = below(world, 16) & below(world, 16) & 7,
        };
}

static void add_thing(World *world, Thing *thing) {
        Model *model = &world->model;
        unsigned path = below(world, MODEL_PATHS), violated;
        Policy machine = plain_to_policy(&model->machine);
        bool running = below(world, 2) > 0, dry = below(world, 4) == 0, allowed;
        Demand demand = {.name = &thing->name, .running = running};
        Fault fault = {};
        int r;

        *thing = (Thing){.wanted = random_unikernel(world)};
        if (below(world, 4) == 0)
                thing->wanted = (Plain){.block_mib = 10 * (1 + below(world, 4))};
        snprintf(thing->name.text, sizeof(thing->name.text), "%s%sx", model->paths[path].text,
                 path > 0 ? ":" : "");
        demand.share = plain_to_share(&thing->wanted);
        allowed = model_admits(model, path, thing, running, &violated);
        if (dry)
                r = admission_check(world->tree, &machine, &demand, &fault);
        else
                r = claim_new(&thing->claim, world->tree, &machine, &demand, &fault);
        check_refusal(world, r, &fault, allowed);
        check_who_refused(world, &fault, violated);
        if (thing->claim) {
                thing->running = running;
                thing->held = held_of(thing, running);
                assert_int_equal(claim_is_running(thing->claim), running);
        }
        bridges_clear(&demand.share.bridges);
        policy_clear(&machine);
}

static void run_thing(World *world, Thing *thing) {
        Model *model = &world->model;
        const Plain previous = thing->wanted;
        Policy machine = plain_to_policy(&model->machine);
        bool dry = below(world, 4) == 0, allowed;
        unsigned path, violated;
        char text[NAME_MAX_LENGTH + 1] = "";
        Fault fault = {};
        Share share;
        int r;

        /* Perhaps it was configured anew. */
        if (below(world, 2) > 0)
                thing->wanted = random_unikernel(world);
        memcpy(text, thing->name.text, name_path_length(&thing->name));
        path = model_path(model, text);
        share = plain_to_share(&thing->wanted);
        allowed = model_admits(model, path, thing, !dry, &violated);
        if (dry)
                r = claim_check(thing->claim, &machine, &share, &fault);
        else
                r = claim_run(thing->claim, &machine, &share, &fault);
        check_refusal(world, r, &fault, allowed);
        check_who_refused(world, &fault, violated);
        if (allowed && !dry) {
                thing->held = held_of(thing, true);
                thing->running = true;
        } else
                thing->wanted = previous;
        bridges_clear(&share.bridges);
        policy_clear(&machine);
}

static void change_thing(World *world, Thing *thing) {
        if (!thing->claim)
                add_thing(world, thing);
        else if (below(world, 8) == 0) {
                thing->claim = claim_free(thing->claim);
        } else if (thing->wanted.n > 0 && below(world, 3) == 0) {
                claim_stop(thing->claim);
                thing->held = held_of(thing, false);
                thing->running = false;
        } else if (thing->wanted.n > 0)
                run_thing(world, thing);
}

static void check_questions(World *world) {
        Model *model = &world->model;
        unsigned path = below(world, MODEL_PATHS), cpus = model->machine.cpus, owners = 0;
        unsigned owners_above = 0;
        Policy machine = plain_to_policy(&model->machine), expected;
        Name name;
        Owners answer;

        for (unsigned i = 1; i < MODEL_PATHS; i++)
                if (model->set[i] && model_contains(model, i, path)) {
                        cpus &= model->policies[i].cpus;
                        owners |= model->policies[i].owners;
                        if (i != path)
                                owners_above |= model->policies[i].owners;
                }
        snprintf(name.text, sizeof(name.text), "%s%sx", model->paths[path].text, path ? ":" : "");
        assert_int_equal(policies_cpus(world->tree, &machine, &name).words[0], cpus);

        expected = plain_to_policy(&(const Plain){.owners = owners});
        assert_int_equal(policies_owners_above(world->tree, &name, &answer), 0);
        assert_true(owners_equal(&answer, &expected.owners));
        owners_clear(&answer);
        assert_int_equal(policies_owners_of_prefix(world->tree, &model->paths[path], &answer), 0);
        assert_true(owners_equal(&answer, &expected.owners));
        owners_clear(&answer);
        policy_clear(&expected);

        expected = plain_to_policy(&(const Plain){.owners = owners_above});
        assert_int_equal(policies_owners_above(world->tree, &model->paths[path], &answer), 0);
        assert_true(owners_equal(&answer, &expected.owners));
        owners_clear(&answer);
        policy_clear(&expected);
        policy_clear(&machine);
}

/* Whatever was done: what is used is within each policy, and each policy within those above. */
static void check_limits(const World *world) {
        const Model *model = &world->model;

        for (unsigned i = 0; i < MODEL_PATHS; i++) {
                const Plain *limit = i == 0 ? &model->machine : &model->policies[i];
                const Plain usage = model_usage(model, i);

                if (i == 0 ? world->machine_changes : !model->set[i])
                        continue;
                for (PolicyField field = 0; field < POLICY_N_FIELDS; field++) {
                        assert_true(plain_fits(&usage, limit, field));
                        for (unsigned j = i + 1; j < MODEL_PATHS; j++)
                                if (model->set[j] && model_contains(model, i, j))
                                        assert_true(plain_fits(&model->policies[j], limit, field));
                }
        }
}

static void check_same(const World *world) {
        char *expected = model_dump(&world->model), *dump = tree_dump(world->tree);

        assert_string_equal(dump, expected);
        free(expected);
        free(dump);
}

static const Plain full_machine = {
        .n = 24,
        .memory_mib = 640,
        .cpus = 0xf,
        .bridges = 0x7,
        .allows_block = true,
        .block_mib = 200,
};

static void run_operations(uint64_t seed, bool machine_changes) {
        static World world;

        print_message("seed %" PRIu64 "%s: ", seed, machine_changes ? ", changing machine" : "");
        world = (World){.random = seed, .machine_changes = machine_changes};
        model_init(&world.model);
        world.model.machine = full_machine;
        world.tree = path_tree_new();
        assert_non_null(world.tree);

        for (unsigned i = 0; i < N_OPERATIONS; i++) {
                unsigned what = below(&world, 32);

                if (what < 8)
                        set_policy(&world);
                else if (what < 10)
                        remove_policy(&world);
                else if (what == 10)
                        check_questions(&world);
                else if (what == 11 && machine_changes) {
                        world.model.machine = full_machine;
                        world.model.machine.memory_mib -= 16 * below(&world, 40);
                        world.model.machine.cpus &= below(&world, 16);
                } else
                        change_thing(&world, &world.model.things[below(&world, MODEL_THINGS)]);
                check_same(&world);
                check_limits(&world);
        }

        print_message("%u done, %u refused\n", world.n_done, world.n_refused);
        assert_true(world.n_done > N_OPERATIONS / 10 && world.n_refused > N_OPERATIONS / 10);
        for (unsigned i = 0; i < MODEL_THINGS; i++)
                world.model.things[i].claim = claim_free(world.model.things[i].claim);
        check_same(&world);
        path_tree_free(world.tree);
}

static uint64_t pick_seed(void) {
        const char *text = getenv("ALBATROSS_SEED");
        uint64_t seed;

        if (text)
                return strtoull(text, NULL, 10);
        assert_int_equal(getrandom(&seed, sizeof(seed), 0), sizeof(seed));
        return seed;
}

static void the_tree_and_the_rules_agree(void **state) {
        run_operations(1, false);
        run_operations(pick_seed(), false);
}

static void they_agree_on_a_machine_that_changes(void **state) {
        run_operations(2, true);
        run_operations(pick_seed(), true);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_tree_and_the_rules_agree),
                cmocka_unit_test(they_agree_on_a_machine_that_changes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
