/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The tree of paths. A node is there as long as something is at its path or below: a policy, or a
 * claim of a unikernel or block device that lives right in it (see domain/claim.h). Each node knows
 * what is used below it, so that a limit is compared with one number, however many there are.
 *
 * Whoever wants to change something goes through domain/policies.h and domain/claim.h; what changes
 * a node here is for these two.
 *
 * Paths are texts as path_parse() leaves them, and a length, so that the path within a name is one
 * without being copied.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "domain/policy.h"
#include "domain/usage.h"

typedef struct PathTree PathTree;
typedef struct PathNode PathNode;

/* NULL without memory. Freeing it frees all policies; no claim may be left. */
PathTree *path_tree_new(void);
PathTree *path_tree_free(PathTree *tree);
DEFINE_CLEANUP(PathTree *, path_tree_free);

/* The node of exactly this path, NULL when there is none. */
PathNode *path_tree_find(const PathTree *tree, const char *path, size_t length);

/* The node of this path, or of the nearest one above that has a node: there is always the root. */
PathNode *path_tree_find_nearest(const PathTree *tree, const char *path, size_t length);

/* Return more than 0 to leave out what is below this node; less than 0 stops, and is returned. The
 * tree must stay as it is meanwhile. */
typedef int (*PathVisitor)(void *userdata, const PathNode *node);

/* Visits the node of @path and those below, each after the one above it, those next to each other
 * sorted by their labels. There may be none. */
int path_tree_visit(const PathTree *tree,
                    const char *path,
                    size_t length,
                    PathVisitor visitor,
                    void *userdata);

/* --- what a node is */

/* "alice:bob", "" for the root. */
const char *path_node_path(const PathNode *node);
size_t path_node_length(const PathNode *node);

/* NULL for the root. */
PathNode *path_node_parent(const PathNode *node);

/* NULL: there is none at this path. The root never has one. It stays the node's. */
const Policy *path_node_policy(const PathNode *node);

/* How many policies there are at this path and below. */
size_t path_node_count_policies(const PathNode *node);

const Usage *path_node_usage(const PathNode *node);

/* --- what changes it */

/* Finds or adds the node of @path. Call path_tree_trim() if nothing comes to it. */
int path_tree_make(PathTree *tree, const char *path, size_t length, PathNode **ret);

/* Removes @node, and those above it, as far as nothing is there. */
void path_tree_trim(PathNode *node);

/* The node takes @policy, which came from malloc(), or has none for NULL. Returns the one that it
 * had, which is the caller's now. Not for the root. */
Policy *path_node_swap_policy(PathNode *node, Policy *policy);

/* Keeps the node while a claim is there. The other one trims. */
void path_node_hold(PathNode *node);
void path_node_release(PathNode *node);

/* From @node up to the root, replaces @less by @more in what is used; the former has been added
 * before. -ENOMEM, -ERANGE: nothing is changed. Giving back alone, with NULL for @more, never
 * fails. */
int path_node_charge(PathNode *node, const Share *less, const Share *more);
