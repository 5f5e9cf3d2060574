/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Admission: may a unikernel or a block device be there, and may the unikernel run? Each policy on
 * the way from its path to the root has to allow it, and the machine, each next to all that is used
 * below that path already.
 */

#include "domain/limit.h"

typedef struct Demand {
        const Name *name; /* of the unikernel, or the block device */
        Share share;      /* what it takes when it runs; whatever it owns stays the caller's */
        bool running;     /* it is to run */
} Demand;

/* What is asked from a node on; @held is what was taken already. */
typedef struct AdmissionQuestion {
        const PathNode *node;
        const Policy *machine;
        const Share *share;
        const Share *held;
        bool running;
} AdmissionQuestion;

/* Does everything from the node on allow the share? What is held is as good as given back, and what
 * does not grow is not asked for again. A unikernel that is not to run must be one that could, were
 * it alone. The fault names the nearest limit that does not allow it. */
int admission_ask(const AdmissionQuestion *question, Fault *fault);

/* May something new be as @demand says? Nothing is reserved: for that, see domain/claim.h. */
int admission_check(const PathTree *tree,
                    const Policy *machine,
                    const Demand *demand,
                    Fault *fault);
