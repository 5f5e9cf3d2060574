/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The policies of a tree of paths: each is smaller than those above it and larger than those below
 * it, field by field, and allows what is used below its path.
 */

#include "domain/limit.h"

/* Some fields of a policy, to be set. */
typedef struct PolicyChange {
        bool given[POLICY_N_FIELDS];
        Policy values;
} PolicyChange;

/* Changes the fields given of the policy at @path, or makes a new one, for which the number of
 * unikernels, memory and CPUs must be given. 1: it has changed; 0: it was like that; a refusal
 * changes nothing. What is in @change stays the caller's. */
int policies_set(PathTree *tree,
                 const Policy *machine,
                 const Name *path,
                 const PolicyChange *change,
                 Fault *fault);

/* Puts @policy at @path without asking, or takes away what is there for NULL: when the policies
 * are read at the start, and when a change could not be saved. On success @policy is taken, and is
 * empty. */
int policies_put(PathTree *tree, const Name *path, Policy *policy);

typedef struct PolicyEntry {
        Name path;
        Policy policy;
} PolicyEntry;

typedef struct PolicyList {
        PolicyEntry *entries;
        size_t n;
} PolicyList;

void policy_list_clear(PolicyList *list);

/* Removes the policy at @path; with @recursive those below it, too, without it there must be none.
 * The caller owns what is in *@ret: what was removed, sorted, those above first. */
int policies_remove(PathTree *tree,
                    const Name *path,
                    bool recursive,
                    PolicyList *ret,
                    Fault *fault);

/* The policy at @path, NULL when there is none. It stays the tree's. */
const Policy *policies_find(const PathTree *tree, const Name *path);

/* Who owns a path above @target, the name of a unikernel or block device, or the path of a policy:
 * what is at @target itself does not count. Each once; the caller owns what is in *@ret. */
int policies_owners_above(const PathTree *tree, const Name *target, Owners *ret);

/* The same for all that is below @prefix, whose own policy counts. */
int policies_owners_of_prefix(const PathTree *tree, const Name *prefix, Owners *ret);

/* All CPUs that a unikernel @name may use. */
Cpus policies_cpus(const PathTree *tree, const Policy *machine, const Name *name);

/* All bridges that it may be on; the caller clears *@ret. */
int policies_bridges(const PathTree *tree, const Policy *machine, const Name *name, Bridges *ret);
