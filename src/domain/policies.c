/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain/policies.h"

/* A policy that is to be set at @path. */
typedef struct Proposal {
        const Name *path;
        const Policy *policy;
        bool changed[POLICY_N_FIELDS];
        Fault *fault;
} Proposal;

static PathNode *find_node(const PathTree *tree, const Name *path) {
        return path_tree_find(tree, path->text, strlen(path->text));
}

const Policy *policies_find(const PathTree *tree, const Name *path) {
        const PathNode *node = find_node(tree, path);

        return node ? path_node_policy(node) : NULL;
}

static int refuse_root(Fault *fault) {
        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                         "The policy of the root is what the machine has, nobody can change it");
}

/* --- setting --- */

static int set_field(Policy *policy, const Policy *values, PolicyField field) {
        switch (field) {
        case POLICY_UNIKERNELS:
                policy->n_unikernels = values->n_unikernels;
                return 0;
        case POLICY_MEMORY:
                policy->memory_bytes = values->memory_bytes;
                return 0;
        case POLICY_CPUS:
                policy->cpus = values->cpus;
                return 0;
        case POLICY_BLOCK:
                policy->allows_block = values->allows_block;
                policy->block_bytes = values->allows_block ? values->block_bytes : 0;
                return 0;
        case POLICY_BRIDGES:
                bridges_clear(&policy->bridges);
                return bridges_copy(&policy->bridges, &values->bridges);
        case POLICY_OWNERS:
                owners_clear(&policy->owners);
                return owners_copy(&policy->owners, &values->owners);
        case POLICY_N_FIELDS:
                break;
        }
        return -EINVAL;
}

static int check_complete(const Name *path, const PolicyChange *change, Fault *fault) {
        int r;

        if (change->given[POLICY_UNIKERNELS] && change->given[POLICY_MEMORY] &&
            change->given[POLICY_CPUS])
                return 0;
        r = fault_set(fault, FAULT_INVALID_ARGUMENT,
                      "There is no policy %s yet, a new one needs unikernels, memory and cpus",
                      path->text);
        fault_hint(fault, "Give it --unikernels=, --memory= and --cpus=");
        return r;
}

/* Each takes memory here and in PID 1, and a file: not as many as whoever is delegated to likes. */
static int check_count(const PathTree *tree, const Name *path, Fault *fault) {
        for (const PathNode *node =
                     path_tree_find_nearest(tree, path->text, name_path_length(path));
             node; node = path_node_parent(node))
                if (path_node_policy(node) && path_node_count_policies(node) > POLICY_BELOW_MAX)
                        return fault_set(fault, FAULT_POLICY_VIOLATION,
                                         "The policy %s has %zu policies below it, more than %u "
                                         "are not allowed",
                                         path_node_path(node), path_node_count_policies(node) - 1,
                                         POLICY_BELOW_MAX);
        return 0;
}

/* @previous with what @change says. The caller clears *@ret, whatever is returned. */
static int apply_change(Policy *ret, const Policy *previous, const PolicyChange *change) {
        int r;

        if (previous) {
                r = policy_copy(ret, previous);
                if (r < 0)
                        return r;
        }
        for (PolicyField field = 0; field < POLICY_N_FIELDS; field++)
                if (change->given[field]) {
                        r = set_field(ret, &change->values, field);
                        if (r < 0)
                                return r;
                }
        return 0;
}

static int check_above(const Proposal *proposal, const PathNode *above, const Policy *machine) {
        char wanted[POLICY_FIELD_TEXT_MAX + 1], allowed[POLICY_FIELD_TEXT_MAX + 1];
        char allows[LIMIT_TEXT_MAX + 1];

        for (Limit limit = limit_at(above, machine); limit.policy;
             limit = limit_next(&limit, machine))
                for (PolicyField field = 0; field < POLICY_N_FIELDS; field++) {
                        if (!proposal->changed[field] ||
                            policy_field_fits(proposal->policy, limit.policy, field))
                                continue;
                        policy_field_format(proposal->policy, field, wanted);
                        policy_field_format(limit.policy, field, allowed);
                        limit_format(&limit, field, allows);
                        return fault_set(proposal->fault, FAULT_POLICY_VIOLATION,
                                         "The policy %s can't allow %s: %s %s",
                                         proposal->path->text, wanted, allows, allowed);
                }
        return 0;
}

/* Visits what is below the path of a proposal. Each policy there is larger than those further
 * below, so only the first ones are looked at. */
static int check_below(void *userdata, const PathNode *node) {
        char wanted[POLICY_FIELD_TEXT_MAX + 1], needed[POLICY_FIELD_TEXT_MAX + 1];
        const Policy *policy = path_node_policy(node);
        const Proposal *proposal = userdata;
        int r;

        if (path_node_count_policies(node) == 0)
                return 1;
        if (!policy || path_node_length(node) == strlen(proposal->path->text))
                return 0;

        for (PolicyField field = 0; field < POLICY_N_FIELDS; field++) {
                if (!proposal->changed[field] || policy_field_fits(policy, proposal->policy, field))
                        continue;
                policy_field_format(proposal->policy, field, wanted);
                policy_field_format(policy, field, needed);
                r = fault_set(
                        proposal->fault, FAULT_POLICY_VIOLATION,
                        "The policy %s can't be limited to %s: the policy %s below it allows %s",
                        proposal->path->text, wanted, path_node_path(node), needed);
                fault_hint(proposal->fault, "Change or remove the policy %s first",
                           path_node_path(node));
                return r;
        }
        return 1;
}

static int check_used(const Proposal *proposal, const PathNode *node) {
        char wanted[POLICY_FIELD_TEXT_MAX + 1], used[POLICY_FIELD_TEXT_MAX + 1];
        const Policy needed = usage_as_policy(path_node_usage(node));

        for (PolicyField field = 0; field < POLICY_N_FIELDS; field++) {
                if (!proposal->changed[field] ||
                    policy_field_fits(&needed, proposal->policy, field))
                        continue;
                policy_field_format(proposal->policy, field, wanted);
                policy_field_format(&needed, field, used);
                return fault_set(proposal->fault, FAULT_POLICY_VIOLATION,
                                 "The policy %s can't be limited to %s: it has %s in use",
                                 proposal->path->text, wanted, used);
        }
        return 0;
}

static int check_proposal(const Proposal *proposal, const PathTree *tree, const Policy *machine) {
        const Name *path = proposal->path;
        const PathNode *node = find_node(tree, path);
        int r;

        r = check_above(proposal, path_tree_find_nearest(tree, path->text, name_path_length(path)),
                        machine);
        if (r < 0 || !node)
                return r;
        r = path_tree_visit(tree, path->text, strlen(path->text), check_below,
                            /* It is only read there. */
                            (void *) (uintptr_t) proposal);
        if (r < 0)
                return r;
        return check_used(proposal, node);
}

static void swap_and_free(PathNode *node, Policy *policy) {
        Policy *previous = path_node_swap_policy(node, policy);

        if (previous)
                policy_clear(previous);
        free(previous);
}

int policies_put(PathTree *tree, const Name *path, Policy *policy) {
        PathNode *node = find_node(tree, path);
        Policy *fresh;
        int r;

        if (path->text[0] == '\0')
                return -EINVAL;
        if (!policy) {
                if (node) {
                        swap_and_free(node, NULL);
                        path_tree_trim(node);
                }
                return 0;
        }

        fresh = malloc(sizeof(*fresh));
        if (!fresh)
                return -ENOMEM;
        r = path_tree_make(tree, path->text, strlen(path->text), &node);
        if (r < 0) {
                free(fresh);
                return r;
        }
        *fresh = *policy;
        *policy = (Policy){};
        swap_and_free(node, fresh);
        return 0;
}

int policies_set(PathTree *tree,
                 const Policy *machine,
                 const Name *path,
                 const PolicyChange *change,
                 Fault *fault) {
        _cleanup_(policy_clear) Policy policy = {};
        const Policy *previous = policies_find(tree, path);
        Proposal proposal = {.path = path, .policy = &policy, .fault = fault};
        bool changes = false;
        int r;

        if (path->text[0] == '\0')
                return refuse_root(fault);
        if (!previous) {
                r = check_complete(path, change, fault);
                if (r >= 0)
                        r = check_count(tree, path, fault);
                if (r < 0)
                        return r;
        }
        r = apply_change(&policy, previous, change);
        if (r < 0)
                return r;
        r = policy_check(&policy, fault);
        if (r < 0)
                return r;

        /* What stays as it is was right when it was set; should the machine have lost a CPU since,
         * that must not hinder a change of something else. */
        for (PolicyField field = 0; field < POLICY_N_FIELDS; field++) {
                proposal.changed[field] =
                        !previous || !policy_field_equal(&policy, previous, field);
                changes = changes || proposal.changed[field];
        }
        if (!changes)
                return 0;
        r = check_proposal(&proposal, tree, machine);
        if (r < 0)
                return r;
        r = policies_put(tree, path, &policy);
        return r < 0 ? r : 1;
}

/* --- removing --- */

/* So much of the names of policies is told; behind it comes how many more there are. */
#define NAMES_TEXT_MAX 250

typedef struct Below {
        const PathNode *top;
        size_t n_told;
        char text[NAMES_TEXT_MAX + 1];
        size_t length;
} Below;

static int tell_name(void *userdata, const PathNode *node) {
        Below *below = userdata;
        size_t length = path_node_length(node) + 2;

        if (path_node_count_policies(node) == 0)
                return 1;
        if (node == below->top || !path_node_policy(node))
                return 0;
        if (below->length + length > NAMES_TEXT_MAX)
                return -ENOBUFS;
        if (below->n_told > 0)
                below->length = (size_t) (stpcpy(below->text + below->length, ", ") - below->text);
        below->length =
                (size_t) (stpcpy(below->text + below->length, path_node_path(node)) - below->text);
        below->n_told++;
        return 0;
}

static int refuse_removal(const PathTree *tree, const PathNode *node, Fault *fault) {
        size_t n_below = path_node_count_policies(node) - 1;
        const char *path = path_node_path(node);
        Below below = {.top = node};
        int r;

        path_tree_visit(tree, path, path_node_length(node), tell_name, &below);
        if (n_below > below.n_told)
                r = fault_set(fault, FAULT_WRONG_STATE,
                              "The policy %s has policies below it: %s and %zu more", path,
                              below.text, n_below - below.n_told);
        else
                r = fault_set(fault, FAULT_WRONG_STATE, "The policy %s has %s below it: %s", path,
                              n_below == 1 ? "a policy" : "policies", below.text);
        fault_hint(fault, "With --recursive they are removed, too");
        return r;
}

typedef struct Collection {
        PathNode **nodes;
        size_t n;
} Collection;

static int collect_node(void *userdata, const PathNode *node) {
        Collection *collection = userdata;

        if (path_node_count_policies(node) == 0)
                return 1;
        if (path_node_policy(node))
                collection->nodes[collection->n++] = (PathNode *) (uintptr_t) node;
        return 0;
}

void policy_list_clear(PolicyList *list) {
        for (size_t i = 0; i < list->n; i++)
                policy_clear(&list->entries[i].policy);
        free(list->entries);
        *list = (PolicyList){};
}

int policies_remove(PathTree *tree,
                    const Name *path,
                    bool recursive,
                    PolicyList *ret,
                    Fault *fault) {
        _cleanup_(freep) PathNode **nodes = NULL;
        const PathNode *node = find_node(tree, path);
        Collection collection = {};
        PolicyEntry *entries;

        if (path->text[0] == '\0')
                return refuse_root(fault);
        if (!node || !path_node_policy(node))
                return fault_set(fault, FAULT_NO_SUCH_POLICY, "There is no policy %s", path->text);
        if (path_node_count_policies(node) > 1 && !recursive)
                return refuse_removal(tree, node, fault);

        collection.nodes = nodes = calloc(path_node_count_policies(node), sizeof(*nodes));
        entries = calloc(path_node_count_policies(node), sizeof(*entries));
        if (!nodes || !entries) {
                free(entries);
                return -ENOMEM;
        }
        path_tree_visit(tree, path->text, strlen(path->text), collect_node, &collection);

        /* A node is trimmed with its own policy or with the last one below, never before. */
        for (size_t i = 0; i < collection.n; i++) {
                Policy *policy = path_node_swap_policy(nodes[i], NULL);

                strcpy(entries[i].path.text, path_node_path(nodes[i]));
                entries[i].policy = *policy;
                free(policy);
                path_tree_trim(nodes[i]);
        }
        *ret = (PolicyList){.entries = entries, .n = collection.n};
        return 0;
}

/* --- asking --- */

static int collect_owners(const PathTree *tree, const Name *name, size_t length, Owners *ret) {
        Owners owners = {};
        int r;

        for (const PathNode *node = path_tree_find_nearest(tree, name->text, length); node;
             node = path_node_parent(node)) {
                const Policy *policy = path_node_policy(node);

                r = policy ? owners_add_all(&owners, &policy->owners) : 0;
                if (r < 0) {
                        owners_clear(&owners);
                        return r;
                }
        }
        *ret = owners;
        return 0;
}

int policies_owners_above(const PathTree *tree, const Name *target, Owners *ret) {
        return collect_owners(tree, target, name_path_length(target), ret);
}

int policies_owners_of_prefix(const PathTree *tree, const Name *prefix, Owners *ret) {
        return collect_owners(tree, prefix, strlen(prefix->text), ret);
}

Cpus policies_cpus(const PathTree *tree, const Policy *machine, const Name *name) {
        return limits_cpus(path_tree_find_nearest(tree, name->text, name_path_length(name)),
                           machine);
}

int policies_bridges(const PathTree *tree, const Policy *machine, const Name *name, Bridges *ret) {
        return limits_bridges(path_tree_find_nearest(tree, name->text, name_path_length(name)),
                              machine, ret);
}
