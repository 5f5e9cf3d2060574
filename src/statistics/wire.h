/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What the daemon says to albatross-statistics, and what it hears: one message each way over
 * /run/albatross/statistics, each with one descriptor, of a memfd that is sealed against every
 * change. The service closes the connection behind its answer.
 */

#include <net/if.h>
#include <stdint.h>

#include "domain/figures.h"

#define STATISTICS_WIRE_VERSION 2U

/* More than there can be in either memfd: 65536 unikernels, and what a reader takes at most. */
#define STATISTICS_TARGETS_MAX 65536U
#define STATISTICS_SIZE_MAX    (UINT32_C(512) << 20)

#define STATISTICS_GROUP_MAX    2047U
#define STATISTICS_TAPS_MAX     64U
#define STATISTICS_COUNTERS_MAX 256U

typedef struct StatisticsMessage {
        uint32_t version;
        uint32_t n;    /* how many targets, or samples, there are in the memfd */
        int32_t error; /* of an answer: 0, or a negative errno, and then there is no memfd */
        uint32_t reserved;
} StatisticsMessage;

typedef struct StatisticsTap {
        char text[IFNAMSIZ];
} StatisticsTap;

/* A process to be looked at, its control group, NUL-terminated and filled up with NULs to a
 * multiple of eight bytes, and its taps. */
typedef struct StatisticsTarget {
        uint32_t pid;
        uint16_t group_size; /* all of these bytes */
        uint16_t n_taps;
        uint64_t start_ticks; /* so that it is this one, not one that has got its number since */
} StatisticsTarget;

typedef struct Figures {
        uint64_t present; /* bit N: values[N] is there */
        uint64_t values[N_STATISTICS];
} Figures;

_Static_assert(N_STATISTICS <= 64, "each figure has a bit");

typedef struct StatisticsInterface {
        char name[IFNAMSIZ];
        char bridge[IFNAMSIZ]; /* empty: in none */
        uint32_t tap;          /* which of the taps of its target */
        uint32_t reserved;
        uint64_t present;
        uint64_t values[N_INTERFACE_STATISTICS];
} StatisticsInterface;

/* One of KVM's. */
typedef struct StatisticsCounter {
        char name[56];
        uint64_t value;
} StatisticsCounter;

/* Of one target; interfaces and counters are behind it. Samples have the order of their targets,
 * and there is none of a process that is not there any more. */
typedef struct StatisticsSample {
        uint32_t target; /* which one, from 0 */
        uint16_t n_interfaces;
        uint16_t n_counters;
        Figures figures;
} StatisticsSample;
