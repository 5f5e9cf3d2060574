/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The families of metrics that are one number each: which figure of the daemon's is told under
 * which name. Names and units are as OpenMetrics has them: base units, the unit at the end.
 */

#include <stddef.h>
#include <stdint.h>

typedef enum FamilyType {
        FAMILY_GAUGE,
        FAMILY_COUNTER,
} FamilyType;

/* What a figure is counted in, and is to be told in the unit of its family. */
typedef enum FamilyScale {
        SCALE_ONE,
        SCALE_USEC,    /* as seconds */
        SCALE_NSEC,    /* as seconds */
        SCALE_BLOCKS,  /* of 512 bytes, as bytes */
        SCALE_BITS,    /* as bytes */
        SCALE_PERCENT, /* a double, as a ratio */
        SCALE_IS_UP,   /* flags of an interface: is it up */
} FamilyScale;

typedef struct Family {
        const char *key;  /* of the figure */
        const char *name; /* without prefix and without _total */
        FamilyType type;
        const char *unit; /* NULL: it has none */
        FamilyScale scale;
        const char *help;
} Family;

/* What they are figures of. */
typedef enum FamilySubject {
        OF_UNIKERNEL,
        OF_INTERFACE,
        OF_HOST,
        OF_DAEMON,
        N_SUBJECTS,
} FamilySubject;

typedef struct FamilyTable {
        const char *prefix; /* "albatross_unikernel_" */
        const Family *families;
        size_t n;
} FamilyTable;

extern const FamilyTable family_tables[N_SUBJECTS];

#define FIGURES_MAX 64U

/* Of a unikernel, the first ones: what the list tells. The others are statistics. */
#define FIGURES_LISTED 4U

/* Of one subject, by the numbers of the families in their table. */
typedef struct Figures {
        uint64_t present;
        uint64_t values[FIGURES_MAX]; /* doubles by their bits */
} Figures;

/* Where the figure @key goes; SIZE_MAX when no family tells it. Looks at @guess first: figures come
 * in an order that hardly changes. */
size_t family_find(FamilySubject subject, const char *key, size_t guess);

void figures_set(Figures *figures, size_t family, uint64_t value);
