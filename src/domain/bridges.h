/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A set of bridges, by the names that the kernel has for them: sorted, each once. Empty when
 * zero-initialised.
 */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "domain/fault.h"

typedef struct BridgeName {
        char text[IFNAMSIZ];
} BridgeName;

typedef struct Bridges {
        BridgeName *names;
        size_t n;
} Bridges;

/* Can a bridge be called that? What the kernel takes, as far as it can be typed and printed. */
bool bridge_name_is_valid(const char *name);

/* 1 when @name is new in the set, 0 when it was there. A name that no bridge can have is refused.
 */
int bridges_add(Bridges *bridges, const char *name, Fault *fault);

/* @ret becomes a set of its own. */
int bridges_copy(Bridges *ret, const Bridges *bridges);
void bridges_clear(Bridges *bridges);

/* Leaves only those that are in @others, too. */
void bridges_intersect(Bridges *bridges, const Bridges *others);

bool bridges_contain(const Bridges *bridges, const char *name);
bool bridges_equal(const Bridges *bridges, const Bridges *others);

/* Where @name is, or has to go. */
size_t bridges_position(const Bridges *bridges, const char *name);

/* The first one that is not in @others; NULL: @bridges is a subset. */
const char *bridges_missing_in(const Bridges *bridges, const Bridges *others);

/* "br0,br1", or "" for none, cut with "..." where @size is too small for all. */
void bridges_format(const Bridges *bridges, char *ret, size_t size);
