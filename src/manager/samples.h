/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What albatross-statistics is asked, and its answer, checked as if a stranger had sent it: what
 * comes from here can be told on the bus as it is.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "manager/unikernel.h"
#include "statistics/wire.h"

/* One that is asked about. */
typedef struct SampleTarget {
        Name name;
        uint32_t pid;
        uint32_t n_taps;
        uint64_t start_ticks;
} SampleTarget;

typedef struct SampleTargets {
        SampleTarget *targets;
        size_t n;
        char *request; /* as it is sent */
        size_t request_size;
        size_t n_allocated, request_allocated;
} SampleTargets;

void sample_targets_clear(SampleTargets *targets);

/* @unikernel has a run. -ENOMEM; -E2BIG when there are as many as can be asked about. */
int sample_targets_add(SampleTargets *targets, const Unikernel *unikernel);

typedef struct Sample {
        const StatisticsSample *wire;
        const StatisticsInterface *interfaces;
        const StatisticsCounter *counters;
} Sample;

typedef struct Samples {
        Sample *samples;
        size_t n;
        void *data; /* mapped */
        size_t size;
} Samples;

void samples_clear(Samples *samples);

/* Maps the answer behind @fd, which stays the caller's, and checks it. -EBADMSG, and *@ret is as it
 * was, for what the service can't have answered. */
int samples_open(Samples *ret, const SampleTargets *targets, uint32_t n, int fd);

/* Checks the @size bytes at @data, aligned as the structures in it are; fills in all but .data and
 * .size. */
int samples_read(Samples *ret,
                 const SampleTargets *targets,
                 uint32_t n,
                 const void *data,
                 size_t size);
