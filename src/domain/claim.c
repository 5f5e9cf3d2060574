/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "domain/claim.h"

struct Claim {
        PathNode *node; /* its path, which is there as long as the claim */
        Share held;
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
        free(claim);
        return NULL;
}

int claim_run(Claim *claim, const Policy *machine, const Share *share, Fault *fault) {
        const AdmissionQuestion question = {
                .node = claim->node,
                .machine = machine,
                .share = share,
                .held = &claim->held,
                .running = true,
        };
        int r;

        r = admission_ask(&question, fault);
        if (r < 0)
                return r;
        return claim_restore_run(claim, share);
}

int claim_restore_run(Claim *claim, const Share *share) {
        assert(share->n_unikernels == claim->held.n_unikernels);

        return claim_change(claim, share, true);
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
