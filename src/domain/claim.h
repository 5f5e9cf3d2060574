/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What a unikernel or a block device has of all paths above it, from its admission until it is
 * given back. A claim remembers what it took: when a configuration is changed meanwhile, what is
 * given back is still what was counted.
 *
 * A unikernel has a place as long as it is recorded, and memory, CPUs and bridges while it is not
 * stopped: so a claim runs, or it does not. That of a block device never runs.
 */

#include "domain/admission.h"

typedef struct Claim Claim;

/* Admits what is new and counts it, in one step: what was admitted is there for nobody else.
 * @machine is what the machine has at this moment. On success the caller owns *@ret, which must not
 * outlive @tree; a refusal changes nothing. */
int claim_new(Claim **ret,
              PathTree *tree,
              const Policy *machine,
              const Demand *demand,
              Fault *fault);

/* The same for what is there already, when the daemon finds it again: it is counted, whatever the
 * limits say. */
int claim_restore(Claim **ret, PathTree *tree, const Demand *demand);

/* Gives everything back. */
Claim *claim_free(Claim *claim);
DEFINE_CLEANUP(Claim *, claim_free);

/* Admits a start with @share, and counts it. A claim that runs already is admitted as if that run
 * were over, and has the new share instead; on refusal it has what it had. */
int claim_run(Claim *claim, const Policy *machine, const Share *share, Fault *fault);

/* The same for a unikernel that is running, whatever the limits say. */
int claim_restore_run(Claim *claim, const Share *share);

/* Admits @share like claim_run() for one that runs, and is to run with it when that is over: until
 * the next claim_run() it has what either takes. */
int claim_widen(Claim *claim, const Policy *machine, const Share *share, Fault *fault);

/* That is not to be: it has what it had before, if it still runs. */
int claim_narrow(Claim *claim);

/* The unikernel has stopped: its place remains. */
void claim_stop(Claim *claim);

/* Could it be run with @share, were it alone? For a configuration that is changed for later. */
int claim_check(const Claim *claim, const Policy *machine, const Share *share, Fault *fault);

/* Is it counted as running? */
bool claim_is_running(const Claim *claim);

/* What it has at this moment, which is what is given back. Valid until it is changed. */
const Share *claim_held(const Claim *claim);
