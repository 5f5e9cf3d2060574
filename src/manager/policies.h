/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The policies of the host: on disk, on the slices of their paths, and as requests change them.
 * Changes are made one after the other, each whole: in memory, on disk, on its slice; then it is
 * answered.
 */

#include "domain/policies.h"
#include "manager/manager.h"

typedef struct PolicyOrder {
        Name path;
        /* Set, or remove. */
        PolicyChange change; /* but for its owners: */
        Strings owners;      /* "alice", "@staff", "1000", as they were asked for */
        bool removes, recursive;
        /* Asked when it is this one's turn: is it allowed still? May be NULL. */
        bool (*is_allowed)(void *userdata);
        void *userdata;
} PolicyOrder;

void policy_order_clear(PolicyOrder *order);

/* @order stays the caller's, and as it is until @done. */
void manager_order_policy(Manager *manager,
                          const PolicyOrder *order,
                          ManagerDone done,
                          void *userdata);

typedef struct PolicyReport {
        const char *path;
        const Policy *policy;
        const Usage *usage;
} PolicyReport;

/* The policies at @prefix and below, those above first; for the root with what the machine has. The
 * visitor stops it by returning a negative errno, which is then returned. */
typedef int (*ManagerPolicyVisitor)(void *userdata, const PolicyReport *report);
int manager_visit_policies(const Manager *manager,
                           const Name *prefix,
                           ManagerPolicyVisitor visitor,
                           void *userdata);

/* Who owns what is above @target, and what is below the path @prefix; the caller clears *@ret. */
int manager_owners_above(const Manager *manager, const Name *target, Owners *ret);
int manager_owners_of_prefix(const Manager *manager, const Name *prefix, Owners *ret);
