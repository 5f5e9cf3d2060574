/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <stdio.h>

#include "domain/admission.h"

/* A number that is summed up, next to its limit. */
typedef struct Amount {
        PolicyField field;
        uint64_t asked, held;
        uint64_t used; /* by everybody, with what is held */
        uint64_t most;
} Amount;

static bool amount_fits(const Amount *amount, bool alone) {
        uint64_t used_by_others = alone ? 0 : amount->used - amount->held;

        if (amount->asked <= amount->held)
                return true;
        return amount->asked <= amount->most && used_by_others <= amount->most - amount->asked;
}

static void hint_what_is_left(const Limit *limit, const Amount *amount, Fault *fault) {
        uint64_t used = amount->used - amount->held;
        uint64_t left = used < amount->most ? (amount->most - used) >> 20 : 0;
        const char *path = path_node_path(limit->node);
        bool is_machine = path[0] == '\0';

        if (amount->field == POLICY_UNIKERNELS)
                fault_hint(fault,
                           "Destroy one that is not needed any more: albatrossctl list%s%s shows "
                           "them",
                           is_machine ? "" : " ", path);
        else if (left > 0)
                fault_hint(fault, "%s has %" PRIu64 " MiB left", is_machine ? "The machine" : path,
                           left);
        else
                fault_hint(fault, "%s has nothing left", is_machine ? "The machine" : path);
}

static int refuse_amount(const Limit *limit, const Amount *amount, Fault *fault) {
        uint64_t used = amount->used - amount->held;
        char allows[LIMIT_TEXT_MAX + 1];
        int r;

        limit_format(limit, amount->field, allows);
        if (amount->field == POLICY_UNIKERNELS)
                r = fault_set(fault, FAULT_POLICY_VIOLATION,
                              "One more unikernel was asked for, %s %" PRIu64 " and %" PRIu64
                              " are used",
                              allows, amount->most, used);
        else
                r = fault_set(fault, FAULT_POLICY_VIOLATION,
                              "%" PRIu64 " MiB of %s were asked for, %s %" PRIu64
                              " MiB and %" PRIu64 " MiB are used",
                              amount->asked >> 20,
                              amount->field == POLICY_MEMORY ? "memory" : "block storage", allows,
                              amount->most >> 20, used >> 20);
        hint_what_is_left(limit, amount, fault);
        return r;
}

static int check_amounts(const AdmissionQuestion *question, const Limit *limit, Fault *fault) {
        const Share *share = question->share, *held = question->held;
        const Usage *usage = path_node_usage(limit->node);
        const Policy *policy = limit->policy;
        const Amount amounts[] = {
                {POLICY_UNIKERNELS, share->n_unikernels, held->n_unikernels, usage->n_unikernels,
                 policy->n_unikernels},
                {POLICY_MEMORY, share->memory_bytes, held->memory_bytes, usage->memory_bytes,
                 policy->memory_bytes},
                {POLICY_BLOCK, share->block_bytes, held->block_bytes, usage->block_bytes,
                 policy->block_bytes},
        };

        if (share->block_bytes > 0 && !policy->allows_block) {
                char allows[LIMIT_TEXT_MAX + 1];

                limit_format(limit, POLICY_BLOCK, allows);
                return fault_set(fault, FAULT_POLICY_VIOLATION,
                                 "%" PRIu64
                                 " MiB of block storage were asked for, %s no block devices",
                                 share->block_bytes >> 20, allows);
        }
        for (size_t i = 0; i < N_ELEMENTS(amounts); i++) {
                bool alone = amounts[i].field == POLICY_MEMORY && !question->running;

                if (!amount_fits(&amounts[i], alone))
                        return refuse_amount(limit, &amounts[i], fault);
        }
        return 0;
}

static int check_cpus(const Share *share, const Limit *limit, Fault *fault) {
        char asked[POLICY_FIELD_TEXT_MAX + 1], allowed[POLICY_FIELD_TEXT_MAX + 1];
        const Policy as_policy = {.cpus = share->cpus};
        char allows[LIMIT_TEXT_MAX + 1];
        int r;

        if (cpus_is_subset(&share->cpus, &limit->policy->cpus))
                return 0;

        policy_field_format(&as_policy, POLICY_CPUS, asked);
        policy_field_format(limit->policy, POLICY_CPUS, allowed);
        limit_format(limit, POLICY_CPUS, allows);
        asked[0] = 'T';
        r = fault_set(fault, FAULT_POLICY_VIOLATION, "%s %s asked for, %s %s", asked,
                      cpus_count(&share->cpus) == 1 ? "was" : "were", allows, allowed);
        fault_hint(fault, "Without --cpus= it gets all CPUs that its policies allow");
        return r;
}

static int check_bridges(const Share *share, const Limit *limit, Fault *fault) {
        const char *missing = bridges_missing_in(&share->bridges, &limit->policy->bridges);
        char allowed[POLICY_FIELD_TEXT_MAX + 1], allows[LIMIT_TEXT_MAX + 1];

        if (!missing)
                return 0;
        policy_field_format(limit->policy, POLICY_BRIDGES, allowed);
        limit_format(limit, POLICY_BRIDGES, allows);
        return fault_set(fault, FAULT_POLICY_VIOLATION, "The bridge %s was asked for, %s %s",
                         missing, allows, allowed);
}

int admission_ask(const AdmissionQuestion *question, Fault *fault) {
        int r;

        for (Limit limit = limit_at(question->node, question->machine); limit.policy;
             limit = limit_next(&limit, question->machine)) {
                r = check_amounts(question, &limit, fault);
                if (r < 0)
                        return r;
                r = check_cpus(question->share, &limit, fault);
                if (r < 0)
                        return r;
                r = check_bridges(question->share, &limit, fault);
                if (r < 0)
                        return r;
        }

        /* Policies lie within each other, but the machine may have lost CPUs since. */
        if (question->share->n_unikernels > 0 && cpus_is_empty(&question->share->cpus)) {
                const Cpus cpus = limits_cpus(question->node, question->machine);

                if (cpus_is_empty(&cpus))
                        return fault_set(fault, FAULT_POLICY_VIOLATION,
                                         "The machine has no CPU of those that the policies allow");
        }
        return 0;
}

int admission_check(const PathTree *tree,
                    const Policy *machine,
                    const Demand *demand,
                    Fault *fault) {
        const AdmissionQuestion question = {
                .node = path_tree_find_nearest(tree, demand->name->text,
                                               name_path_length(demand->name)),
                .machine = machine,
                .share = &demand->share,
                .held = &(const Share){},
                .running = demand->running,
        };

        return admission_ask(&question, fault);
}
