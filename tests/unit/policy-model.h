/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The rules of policies once more, as plainly as they are written down: a list of policies, a list
 * of what is there, and everything summed up anew whenever it is asked for. What the tree of paths
 * does is compared with this.
 */

#include "domain/claim.h"
#include "domain/policies.h"

/* Labels and CPUs, bridges and owners are few, so that they meet. */
#define MODEL_LABELS 3U
#define MODEL_DEPTH  3U
#define MODEL_PATHS  40U /* 1 + 3 + 9 + 27 */
#define MODEL_THINGS 48U

/* A policy, what the machine has, or what something takes; sets are bit masks. */
typedef struct Plain {
        unsigned n, memory_mib, cpus, bridges, owners;
        bool allows_block;
        unsigned block_mib;
} Plain;

typedef struct Thing {
        Claim *claim; /* NULL: there is none */
        Name name;
        Plain wanted;
        Plain held;
        bool running;
} Thing;

typedef struct Model {
        Name paths[MODEL_PATHS];
        bool set[MODEL_PATHS];
        Plain policies[MODEL_PATHS];
        Plain machine;
        Thing things[MODEL_THINGS];
} Model;

void model_init(Model *model);

/* The number of a path in @paths. */
unsigned model_path(const Model *model, const char *text);

/* Is @path above @other, or that path itself? */
bool model_contains(const Model *model, unsigned path, unsigned other);

/* What is used below that path. */
Plain model_usage(const Model *model, unsigned path);

/* Is it admitted there? Else *@ret_path is the nearest path whose limit does not allow it. */
bool model_admits(const Model *model,
                  unsigned path,
                  const Thing *thing,
                  bool running,
                  unsigned *ret_path);

/* May the policy at @path become @policy? */
bool model_allows_policy(const Model *model, unsigned path, const Plain *policy);

bool plain_fits(const Plain *plain, const Plain *larger, PolicyField field);
bool plain_differs(const Plain *plain, const Plain *other, PolicyField field);

/* Whatever they return is to be cleared. */
Policy plain_to_policy(const Plain *plain);
Share plain_to_share(const Plain *plain);

/* Puts it there without asking. */
void tree_put(PathTree *tree, const char *path, const Plain *plain);

/* Every node with everything in it; the caller owns it. */
char *model_dump(const Model *model);
char *tree_dump(const PathTree *tree);
