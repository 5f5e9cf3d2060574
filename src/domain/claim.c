/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "domain/claim.h"

struct Claim {
        PathNode *node; /* its path, which is there as long as the claim */
        Share held;
        Share *before; /* claim_widen(); NULL: it was not */
        bool running;
};

static void share_clear(Share *share) {
        bridges_clear(&share->bridges);
        *share = (Share){};
}

/* A copy of what @share takes when it is @running, or is not. */
static int share_copy(Share *ret, const Share *share, bool running) {
        Share copy = {
                .n_unikernels = share->n_unikernels,
                .block_bytes = share->block_bytes,
        };
        int r;

        if (running) {
                copy.memory_bytes = share->memory_bytes;
                copy.cpus = share->cpus;
                r = bridges_copy(&copy.bridges, &share->bridges);
                if (r < 0)
                        return r;
        }
        *ret = copy;
        return 0;
}

static Share *share_free(Share *share) {
        if (share)
                share_clear(share);
        free(share);
        return NULL;
}

DEFINE_CLEANUP(Share *, share_free);

/* It has room for @other, too, when that is in its place. */
static int share_widen(Share *share, const Share *other) {
        share->memory_bytes = MAX_OF(share->memory_bytes, other->memory_bytes);
        for (unsigned id = 0; id < CPUS_MAX; id++)
                if (cpus_contains(&other->cpus, id))
                        cpus_add(&share->cpus, id);
        for (size_t i = 0; i < other->bridges.n; i++) {
                int r = bridges_add(&share->bridges, other->bridges.names[i].text, NULL);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Has @share instead of what it has. */
static int claim_change(Claim *claim, const Share *share, bool running) {
        Share next;
        int r;

        r = share_copy(&next, share, running);
        if (r < 0)
                return r;
        r = path_node_charge(claim->node, &claim->held, &next);
        if (r < 0) {
                share_clear(&next);
                return r;
        }
        share_clear(&claim->held);
        claim->held = next;
        claim->running = running;
        return 0;
}

int claim_restore(Claim **ret, PathTree *tree, const Demand *demand) {
        _cleanup_(claim_freep) Claim *claim = NULL;
        PathNode *node;
        int r;

        r = path_tree_make(tree, demand->name->text, name_path_length(demand->name), &node);
        if (r < 0)
                return r;
        claim = calloc(1, sizeof(*claim));
        if (!claim) {
                path_tree_trim(node);
                return -ENOMEM;
        }
        claim->node = node;
        path_node_hold(node);
        r = claim_change(claim, &demand->share, demand->running);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(claim);
        return 0;
}

int claim_new(Claim **ret,
              PathTree *tree,
              const Policy *machine,
              const Demand *demand,
              Fault *fault) {
        int r;

        r = admission_check(tree, machine, demand, fault);
        if (r < 0)
                return r;
        return claim_restore(ret, tree, demand);
}

Claim *claim_free(Claim *claim) {
        if (!claim)
                return NULL;

        path_node_charge(claim->node, &claim->held, NULL);
        path_node_release(claim->node);
        share_clear(&claim->held);
        share_free(claim->before);
        free(claim);
        return NULL;
}

static int admit_run(const Claim *claim, const Policy *machine, const Share *share, Fault *fault) {
        const AdmissionQuestion question = {
                .node = claim->node,
                .machine = machine,
                .share = share,
                .held = &claim->held,
                .running = true,
        };

        return admission_ask(&question, fault);
}

int claim_run(Claim *claim, const Policy *machine, const Share *share, Fault *fault) {
        int r;

        r = admit_run(claim, machine, share, fault);
        if (r < 0)
                return r;
        return claim_restore_run(claim, share);
}

int claim_restore_run(Claim *claim, const Share *share) {
        int r;

        assert(share->n_unikernels == claim->held.n_unikernels);

        r = claim_change(claim, share, true);
        if (r >= 0)
                claim->before = share_free(claim->before);
        return r;
}

int claim_widen(Claim *claim, const Policy *machine, const Share *share, Fault *fault) {
        _cleanup_(share_freep) Share *before = NULL;
        _cleanup_(share_clear) Share both = {};
        int r;

        r = admit_run(claim, machine, share, fault);
        if (r < 0)
                return r;
        before = calloc(1, sizeof(*before));
        if (!before)
                return -ENOMEM;
        r = share_copy(before, &claim->held, true);
        if (r >= 0)
                r = share_copy(&both, share, true);
        if (r >= 0)
                r = share_widen(&both, &claim->held);
        if (r >= 0)
                r = claim_restore_run(claim, &both);
        if (r < 0)
                return r;
        claim->before = TAKE_PTR(before);
        return 0;
}

int claim_narrow(Claim *claim) {
        _cleanup_(share_freep) Share *before = TAKE_PTR(claim->before);

        return before ? claim_restore_run(claim, before) : 0;
}

void claim_stop(Claim *claim) {
        const Share freed = {
                .memory_bytes = claim->held.memory_bytes,
                .cpus = claim->held.cpus,
                .bridges = claim->held.bridges,
        };

        path_node_charge(claim->node, &freed, NULL);
        claim->held.memory_bytes = 0;
        claim->held.cpus = (Cpus){};
        bridges_clear(&claim->held.bridges);
        claim->before = share_free(claim->before);
        claim->running = false;
}

int claim_check(const Claim *claim, const Policy *machine, const Share *share, Fault *fault) {
        const AdmissionQuestion question = {
                .node = claim->node,
                .machine = machine,
                .share = share,
                .held = &claim->held,
                .running = false,
        };

        return admission_ask(&question, fault);
}

bool claim_is_running(const Claim *claim) {
        return claim->running;
}

const Share *claim_held(const Claim *claim) {
        return &claim->held;
}
