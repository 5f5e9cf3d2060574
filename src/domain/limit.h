/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A limit that holds for a path: the policy of a path above it, or of its own, or what the machine
 * has, which holds for all. And how it is called when it refuses something.
 */

#include "domain/name.h"
#include "domain/path-tree.h"

typedef struct Limit {
        const PathNode *node;
        const Policy *policy;
} Limit;

/* The nearest limit at @node or above: at the root, @machine. */
Limit limit_at(const PathNode *node, const Policy *machine);

/* The next one above; its policy is NULL when there is none. */
Limit limit_next(const Limit *limit, const Policy *machine);

/* The CPUs that all limits from @node on allow. */
Cpus limits_cpus(const PathNode *node, const Policy *machine);

/* The same of bridges; the caller clears *@ret. */
int limits_bridges(const PathNode *node, const Policy *machine, Bridges *ret);

/* "the policy alice allows", "the machine has", "the machine has room for": what is said of that
 * field comes next. */
#define LIMIT_TEXT_MAX (NAME_MAX_LENGTH + 19)
void limit_format(const Limit *limit, PolicyField field, char ret[static LIMIT_TEXT_MAX + 1]);
