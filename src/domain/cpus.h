/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A set of CPU ids: "0-3,6" as people write it, an array of ids as the bus carries it, a bit mask
 * as the launcher takes it. Empty when zero-initialised.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/fault.h"

#define CPUS_MAX 1024U /* what cpu_set_t holds; ids are below that */

/* Every third id missing makes the longest text: 342 ranges of at most "1020-1021,". */
#define CPUS_TEXT_MAX 3420

typedef struct Cpus {
        uint64_t words[CPUS_MAX / 64];
} Cpus;

/* Takes ids and ranges separated by ",": at least one, in any order, repeated or not.
 * *@ret is filled on success only. */
int cpus_parse(Cpus *ret, const char *text, Fault *fault);

/* The same from @n_ids ids. No id at all is refused too. */
int cpus_from_ids(Cpus *ret, const uint32_t *ids, size_t n_ids, Fault *fault);

/* Fills @ret with the ids in ascending order and returns how many there are. */
size_t cpus_to_ids(const Cpus *cpus, uint32_t ret[static CPUS_MAX]);

/* The bit mask that systemd takes: a byte for eight CPUs, the lowest first. */
void cpus_to_mask(const Cpus *cpus, uint8_t ret[static CPUS_MAX / 8]);

/* The shortest text of the set, ascending; "" when it is empty. */
void cpus_format(const Cpus *cpus, char ret[static CPUS_TEXT_MAX + 1]);

/* @id is below CPUS_MAX. */
void cpus_add(Cpus *cpus, unsigned id);

bool cpus_contains(const Cpus *cpus, unsigned id);
size_t cpus_count(const Cpus *cpus);
bool cpus_is_empty(const Cpus *cpus);
bool cpus_equal(const Cpus *cpus, const Cpus *others);

/* Leaves in @cpus what is in @others, too. */
void cpus_intersect(Cpus *cpus, const Cpus *others);

/* Is every CPU of @cpus in @others? The empty set is in every set. */
bool cpus_is_subset(const Cpus *cpus, const Cpus *others);
