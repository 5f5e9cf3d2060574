/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What one client of the soak test knows: the unikernels, block devices and the policy below a path
 * that nobody else touches. It says beforehand how each request of his will be answered. All sizes
 * are in MiB.
 */

#include <stdbool.h>
#include <stdint.h>

#define SOAK_N_UNIKERNELS 6U
#define SOAK_FIRST_DISK   4U /* this one and those after it want block device 0 */
#define SOAK_N_BLOCKS     2U

typedef enum SoakVerb {
        SOAK_CREATE,
        SOAK_START,
        SOAK_STOP,
        SOAK_RESTART,
        SOAK_SET,
        SOAK_UPDATE,
        SOAK_ROLLBACK,
        SOAK_DESTROY,
        SOAK_BLOCK_CREATE,
        SOAK_BLOCK_WRITE,
        SOAK_BLOCK_REMOVE,
        SOAK_POLICY_SET,
        SOAK_POLICY_REMOVE,
        SOAK_N_VERBS,
} SoakVerb;

typedef struct SoakRequest {
        SoakVerb verb;
        unsigned target;  /* which of the unikernels, or of the block devices */
        uint64_t memory;  /* create, set, update; of the policy */
        uint64_t size;    /* of the block device; what the policy allows of them */
        uint32_t n_most;  /* what the policy allows */
        bool at_once;     /* create: and start; set: restart */
        bool other_image; /* create, update */
} SoakRequest;

typedef struct SoakUnikernel {
        bool exists, runs, has_previous;
        uint64_t memory, previous_memory; /* as configured */
        uint64_t held;                    /* of its policy */
} SoakUnikernel;

typedef struct SoakBlock {
        uint64_t size; /* 0: it is not there */
        int owner;     /* -1: none */
} SoakBlock;

typedef struct SoakModel {
        SoakUnikernel unikernels[SOAK_N_UNIKERNELS];
        SoakBlock blocks[SOAK_N_BLOCKS];
        bool has_policy;
        uint32_t n_most;
        uint64_t memory_most, block_most;
        uint64_t random;
} SoakModel;

/* @seed may be any number. */
void soak_model_init(SoakModel *model, uint64_t seed);

/* What is asked next, of whichever of them. */
void soak_model_choose(SoakModel *model, SoakRequest *ret);

/* The name of the error that it is answered by, or NULL, and what there is afterwards. */
const char *soak_model_answer(SoakModel *model, const SoakRequest *request);

/* "create 3 memory 2 ..." */
#define SOAK_REQUEST_TEXT_MAX 160
void soak_request_format(const SoakRequest *request, char ret[static SOAK_REQUEST_TEXT_MAX + 1]);
