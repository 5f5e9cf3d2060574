/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy-model.h"

#define MIB(n) ((uint64_t) (n) << 20)

static void add_paths(Model *model, unsigned *n, const char *parent, unsigned depth) {
        strcpy(model->paths[(*n)++].text, parent);
        for (unsigned i = 0; depth > 0 && i < MODEL_LABELS; i++) {
                /* One label begins like another one, and sorts behind what is below that. */
                static const char *const labels[MODEL_LABELS] = {"a", "a-b", "c"};
                char path[64];

                snprintf(path, sizeof(path), "%s%s%s", parent, parent[0] ? ":" : "", labels[i]);
                add_paths(model, n, path, depth - 1);
        }
}

void model_init(Model *model) {
        unsigned n = 0;

        *model = (Model){};
        add_paths(model, &n, "", MODEL_DEPTH);
        assert_int_equal(n, MODEL_PATHS);
}

unsigned model_path(const Model *model, const char *text) {
        for (unsigned i = 0; i < MODEL_PATHS; i++)
                if (strcmp(model->paths[i].text, text) == 0)
                        return i;
        fail_msg("no path %s", text);
        return 0;
}

bool model_contains(const Model *model, unsigned path, unsigned other) {
        return path == other || name_is_below(model->paths[other].text, model->paths[path].text);
}

Plain model_usage(const Model *model, unsigned path) {
        Plain usage = {};

        for (unsigned i = 0; i < MODEL_THINGS; i++) {
                const Thing *thing = &model->things[i];

                if (!thing->claim || !name_is_below(thing->name.text, model->paths[path].text))
                        continue;
                usage.n += thing->held.n;
                usage.memory_mib += thing->held.memory_mib;
                usage.block_mib += thing->held.block_mib;
                usage.cpus |= thing->held.cpus;
                usage.bridges |= thing->held.bridges;
        }
        usage.allows_block = usage.block_mib > 0;
        return usage;
}

static const Plain *limit_of(const Model *model, unsigned path) {
        if (path == 0)
                return &model->machine;
        return model->set[path] ? &model->policies[path] : NULL;
}

static bool amount_fits(unsigned asked, unsigned held, unsigned used, unsigned most) {
        return asked <= held || used - held + asked <= most;
}

static bool limit_admits(const Plain *limit, const Plain *used, const Thing *thing, bool running) {
        const Plain *wanted = &thing->wanted, *held = &thing->held;
        unsigned memory_used = running ? used->memory_mib : held->memory_mib;

        return amount_fits(wanted->n, held->n, used->n, limit->n) &&
               amount_fits(wanted->memory_mib, held->memory_mib, memory_used, limit->memory_mib) &&
               (wanted->block_mib == 0 || limit->allows_block) &&
               amount_fits(wanted->block_mib, held->block_mib, used->block_mib, limit->block_mib) &&
               !(wanted->cpus & ~limit->cpus) && !(wanted->bridges & ~limit->bridges);
}

bool model_admits(const Model *model,
                  unsigned path,
                  const Thing *thing,
                  bool running,
                  unsigned *ret_path) {
        unsigned cpus = ~0U;

        /* Paths are numbered so that those above come first: the nearest one is the last. */
        for (unsigned i = path + 1; i-- > 0;) {
                const Plain *limit = limit_of(model, i);
                const Plain usage = model_usage(model, i);

                if (!limit || !model_contains(model, i, path))
                        continue;
                *ret_path = i;
                if (!limit_admits(limit, &usage, thing, running))
                        return false;
                cpus &= limit->cpus;
        }
        *ret_path = 0;
        return thing->wanted.n == 0 || thing->wanted.cpus != 0 || cpus != 0;
}

bool plain_fits(const Plain *plain, const Plain *larger, PolicyField field) {
        if (field == POLICY_UNIKERNELS)
                return plain->n <= larger->n;
        if (field == POLICY_MEMORY)
                return plain->memory_mib <= larger->memory_mib;
        if (field == POLICY_CPUS)
                return !(plain->cpus & ~larger->cpus);
        if (field == POLICY_BRIDGES)
                return !(plain->bridges & ~larger->bridges);
        if (field == POLICY_BLOCK)
                return !plain->allows_block ||
                       (larger->allows_block && plain->block_mib <= larger->block_mib);
        return true;
}

bool plain_differs(const Plain *plain, const Plain *other, PolicyField field) {
        if (field == POLICY_OWNERS)
                return plain->owners != other->owners;
        return !plain_fits(plain, other, field) || !plain_fits(other, plain, field);
}

bool model_allows_policy(const Model *model, unsigned path, const Plain *policy) {
        const Plain *previous = model->set[path] ? &model->policies[path] : NULL;
        const Plain usage = model_usage(model, path);

        if (policy->n == 0 || policy->memory_mib <= 16 || policy->cpus == 0)
                return false;
        for (PolicyField field = 0; field < POLICY_N_FIELDS; field++) {
                if (previous && !plain_differs(policy, previous, field))
                        continue;
                if (!plain_fits(&usage, policy, field))
                        return false;
                for (unsigned i = 0; i < MODEL_PATHS; i++) {
                        const Plain *limit = limit_of(model, i);

                        if (!limit || i == path)
                                continue;
                        if (model_contains(model, i, path) && !plain_fits(policy, limit, field))
                                return false;
                        if (model_contains(model, path, i) && !plain_fits(limit, policy, field))
                                return false;
                }
        }
        return true;
}

static Bridges to_bridges(unsigned mask) {
        Bridges bridges = {};

        for (unsigned i = 32; i-- > 0;)
                if (mask >> i & 1) {
                        char name[IFNAMSIZ];

                        snprintf(name, sizeof(name), "br%u", i);
                        assert_int_equal(bridges_add(&bridges, name, NULL), 1);
                }
        return bridges;
}

Policy plain_to_policy(const Plain *plain) {
        Policy policy = {
                .n_unikernels = plain->n,
                .allows_block = plain->allows_block,
                .memory_bytes = MIB(plain->memory_mib),
                .block_bytes = MIB(plain->block_mib),
                .cpus.words[0] = plain->cpus,
                .bridges = to_bridges(plain->bridges),
        };

        for (unsigned i = 0; i < 32; i++)
                if (plain->owners >> i & 1) {
                        char name[16];
                        Owner owner;

                        snprintf(name, sizeof(name), "owner%u", i);
                        assert_int_equal(
                                owner_init(&owner, i % 2 ? OWNER_GROUP : OWNER_USER, i, name, NULL),
                                0);
                        assert_int_equal(owners_add(&policy.owners, &owner), 1);
                }
        return policy;
}

Share plain_to_share(const Plain *plain) {
        return (Share){
                .n_unikernels = plain->n,
                .memory_bytes = MIB(plain->memory_mib),
                .block_bytes = MIB(plain->block_mib),
                .cpus.words[0] = plain->cpus,
                .bridges = to_bridges(plain->bridges),
        };
}

void tree_put(PathTree *tree, const char *path, const Plain *plain) {
        Policy policy = plain_to_policy(plain);
        Name name = {};

        strcpy(name.text, path);
        assert_int_equal(policies_put(tree, &name, &policy), 0);
        assert_null(policy.bridges.names);
}

/* --- dumps: the same text from both, made in different ways --- */

static void dump_model_path(const Model *model, unsigned path, FILE *file) {
        const Plain usage = model_usage(model, path);
        const Plain *policy = &model->policies[path];
        unsigned counts[2][4] = {};
        bool is_there = path == 0;

        for (unsigned i = 0; i < MODEL_PATHS; i++)
                is_there = is_there || (model->set[i] && model_contains(model, path, i));
        for (unsigned i = 0; i < MODEL_THINGS; i++) {
                const Thing *thing = &model->things[i];

                if (!thing->claim || !name_is_below(thing->name.text, model->paths[path].text))
                        continue;
                is_there = true;
                for (unsigned bit = 0; bit < 4; bit++) {
                        counts[0][bit] += thing->held.cpus >> bit & 1;
                        counts[1][bit] += thing->held.bridges >> bit & 1;
                }
        }
        if (!is_there)
                return;

        fprintf(file, "\"%s\" uses %u, %u MiB, block %u MiB", model->paths[path].text, usage.n,
                usage.memory_mib, usage.block_mib);
        for (unsigned bit = 0; bit < 4; bit++)
                if (counts[0][bit] > 0)
                        fprintf(file, " cpu%u*%u", bit, counts[0][bit]);
        for (unsigned bit = 0; bit < 4; bit++)
                if (counts[1][bit] > 0)
                        fprintf(file, " br%u*%u", bit, counts[1][bit]);
        if (model->set[path]) {
                fprintf(file, "; allows %u, %u MiB, cpus %x, block %d, bridges", policy->n,
                        policy->memory_mib, policy->cpus,
                        policy->allows_block ? (int) policy->block_mib : -1);
                for (unsigned bit = 0; bit < 4; bit++)
                        if (policy->bridges >> bit & 1)
                                fprintf(file, " br%u", bit);
                for (unsigned i = 0; i < 32; i = i == 30 ? 1 : i + 2)
                        if (policy->owners >> i & 1)
                                fprintf(file, " %u:%u=owner%u", i % 2, i, i);
        }
        fputc('\n', file);
}

char *model_dump(const Model *model) {
        size_t size;
        char *text;
        FILE *file = open_memstream(&text, &size);

        assert_non_null(file);
        for (unsigned i = 0; i < MODEL_PATHS; i++)
                dump_model_path(model, i, file);
        fclose(file);
        return text;
}

static int dump_node(void *userdata, const PathNode *node) {
        const Usage *usage = path_node_usage(node);
        const Policy *policy = path_node_policy(node);
        FILE *file = userdata;

        fprintf(file, "\"%s\" uses %" PRIu32 ", %" PRIu64 " MiB, block %" PRIu64 " MiB",
                path_node_path(node), usage->n_unikernels, usage->memory_bytes >> 20,
                usage->block_bytes >> 20);
        for (size_t i = 0; i < usage->n_cpu_counts; i++)
                if (usage->cpu_counts[i] > 0)
                        fprintf(file, " cpu%zu*%" PRIu32, i, usage->cpu_counts[i]);
        for (size_t i = 0; i < usage->bridges.n; i++)
                fprintf(file, " %s*%" PRIu32, usage->bridges.names[i].text,
                        usage->bridge_counts[i]);
        if (policy) {
                fprintf(file, "; allows %" PRIu32 ", %" PRIu64 " MiB, cpus %" PRIx64 ", block %d",
                        policy->n_unikernels, policy->memory_bytes >> 20, policy->cpus.words[0],
                        policy->allows_block ? (int) (policy->block_bytes >> 20) : -1);
                fprintf(file, ", bridges");
                for (size_t i = 0; i < policy->bridges.n; i++)
                        fprintf(file, " %s", policy->bridges.names[i].text);
                for (size_t i = 0; i < policy->owners.n; i++)
                        fprintf(file, " %d:%" PRIu32 "=%s", (int) policy->owners.owners[i].kind,
                                policy->owners.owners[i].id, policy->owners.owners[i].name);
        }
        fputc('\n', file);
        return 0;
}

char *tree_dump(const PathTree *tree) {
        size_t size;
        char *text;
        FILE *file = open_memstream(&text, &size);

        assert_non_null(file);
        assert_int_equal(path_tree_visit(tree, "", 0, dump_node, file), 0);
        fclose(file);
        return text;
}
