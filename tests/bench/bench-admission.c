/* SPDX-License-Identifier: ISC */

/*
 * What an admission costs with 10,000 unikernels and 1,000 policies in memory (or as many
 * unikernels as the first argument says), and with next to nothing: a name eight labels deep, with
 * a policy at each of them, CPUs and a bridge, reserved and given back; and one that the machine
 * refuses, after all policies have allowed it.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "domain/claim.h"
#include "domain/policies.h"
#include "measure.h"

#define N_UNIKERNELS   10000U
#define N_POLICIES     1000U
#define N_SAMPLES      4000U
#define TARGET_NSEC    20000U
#define MIB(n)         ((uint64_t) (n) << 20)
#define DEEP_NAME      "t0:a:b:c:d:e:f:web"
#define N_DEEP_FOLDERS 7U

static Series admit_none = {"reserve and give back, nearly empty"};
static Series admit_all = {"reserve and give back, all there"};
static Series refuse_all = {"refused by the machine, all there"};
static Series run_all = {"start and stop, all there"};
static Series set_all = {"set a policy's memory, all there"};

static Policy make_policy(void) {
        Policy policy = {
                .n_unikernels = 20000,
                .allows_block = true,
                .memory_bytes = MIB(1) << 20,
                .block_bytes = MIB(1) << 20,
        };
        char name[IFNAMSIZ];

        for (unsigned cpu = 0; cpu < 64; cpu++)
                cpus_add(&policy.cpus, cpu);
        for (unsigned i = 0; i < 16; i++) {
                snprintf(name, sizeof(name), "br%u", i);
                measure_check(bridges_add(&policy.bridges, name, NULL), name);
        }
        return policy;
}

static void put_policy(PathTree *tree, const char *text) {
        Policy policy = make_policy();
        Name path;

        measure_check(path_parse(&path, text, NULL), text);
        measure_check(policies_put(tree, &path, &policy), text);
}

/* t0, t0:a ... t0:a:b:c:d:e:f: as deep as a name can be. */
static void put_deep_policies(PathTree *tree) {
        char text[] = DEEP_NAME;

        for (unsigned i = 0; i < N_DEEP_FOLDERS; i++) {
                *strrchr(text, ':') = '\0';
                put_policy(tree, text);
        }
}

/* The others, in tens, each with nine below it. */
static void put_policies(PathTree *tree, unsigned n) {
        char text[32];

        for (unsigned i = 1; i <= n; i++) {
                if (i % 10 == 1)
                        snprintf(text, sizeof(text), "t%u", i);
                else
                        snprintf(text, sizeof(text), "t%u:p%u", (i - 1) / 10 * 10 + 1, i);
                put_policy(tree, text);
        }
}

static void fill_share(Share *share) {
        *share = (Share){.n_unikernels = 1, .memory_bytes = MIB(32)};
        for (unsigned cpu = 0; cpu < 8; cpu++)
                cpus_add(&share->cpus, cpu);
        measure_check(bridges_add(&share->bridges, "br7", NULL), "br7");
}

static Claim **add_unikernels(PathTree *tree, const Policy *machine, unsigned n) {
        Claim **claims = calloc(n + 1, sizeof(*claims));
        Demand demand = {.running = true};
        char text[64];
        Fault fault;
        Name name;

        measure_check(claims ? 0 : -ENOMEM, "unikernels");
        fill_share(&demand.share);
        demand.name = &name;
        for (unsigned i = 0; i < n; i++) {
                unsigned tenant = i % N_POLICIES / 10 * 10 + 1;

                snprintf(text, sizeof(text), "t%u:p%u:u%u", tenant, tenant + i % 10, i);
                measure_check(name_parse(&name, text, NULL), text);
                measure_check(claim_new(&claims[i], tree, machine, &demand, &fault), text);
        }
        bridges_clear(&demand.share.bridges);
        return claims;
}

static void admit(PathTree *tree, const Policy *machine, Series *series) {
        const Name name = {DEEP_NAME};
        Demand demand = {.name = &name, .running = true};

        fill_share(&demand.share);
        for (unsigned i = 0; i < N_SAMPLES; i++) {
                uint64_t start = measure_now();
                Claim *claim = NULL;

                measure_check(claim_new(&claim, tree, machine, &demand, NULL), DEEP_NAME);
                claim_free(claim);
                series_add(series, measure_now() - start);
        }
        bridges_clear(&demand.share.bridges);
}

static void refuse(PathTree *tree, const Policy *machine) {
        const Name name = {DEEP_NAME};
        Demand demand = {.name = &name, .running = true};

        fill_share(&demand.share);
        demand.share.memory_bytes = MIB(1) << 20;
        for (unsigned i = 0; i < N_SAMPLES; i++) {
                uint64_t start = measure_now();
                Claim *claim = NULL;
                Fault fault;
                int r;

                r = claim_new(&claim, tree, machine, &demand, &fault);
                series_add(&refuse_all, measure_now() - start);
                measure_check(r == -EDQUOT && strstr(fault.message, "the machine") ? 0 : -EINVAL,
                              "what must be refused");
        }
        bridges_clear(&demand.share.bridges);
}

static void start_and_stop(Claim *claim, const Policy *machine) {
        Share share;

        fill_share(&share);
        for (unsigned i = 0; i < N_SAMPLES; i++) {
                uint64_t start = measure_now();

                claim_stop(claim);
                measure_check(claim_run(claim, machine, &share, NULL), "start");
                series_add(&run_all, measure_now() - start);
        }
        bridges_clear(&share.bridges);
}

static void set_policy(PathTree *tree, const Policy *machine) {
        const Name path = {"t0:a"};
        PolicyChange change = {.given[POLICY_MEMORY] = true};

        /* Back and forth, and never below what is below. */
        for (unsigned i = 0; i < N_SAMPLES; i++) {
                uint64_t start = measure_now();

                change.values.memory_bytes = (MIB(1) << 20) + (i % 2 ? 0 : MIB(1));
                measure_check(policies_set(tree, machine, &path, &change, NULL), path.text);
                series_add(&set_all, measure_now() - start);
        }
}

static void print_series(Series *series, uint64_t target_nsec) {
        uint64_t median = series_median(series);

        printf("%-40s %8.2f %8.2f %8.2f us", series->name, (double) series->nsec[0] / 1e3,
               (double) median / 1e3, (double) series->nsec[series->n - 1] / 1e3);
        if (target_nsec > 0)
                printf(" (target: at most %.0f, %s)", (double) target_nsec / 1e3,
                       median <= target_nsec ? "met" : "missed");
        putchar('\n');
}

int main(int argc, char *argv[]) {
        unsigned n = argc > 1 ? (unsigned) atoi(argv[1]) : N_UNIKERNELS;
        Policy machine = make_policy();
        PathTree *tree = path_tree_new();
        Claim **claims;

        measure_check(tree ? 0 : -ENOMEM, "tree of paths");
        measure_check(n > 0 && n <= machine.n_unikernels ? 0 : -ERANGE, "number of unikernels");
        put_deep_policies(tree);
        admit(tree, &machine, &admit_none);
        put_policies(tree, N_POLICIES - N_DEEP_FOLDERS);
        claims = add_unikernels(tree, &machine, n);
        admit(tree, &machine, &admit_all);
        refuse(tree, &machine);
        start_and_stop(claims[0], &machine);
        machine.memory_bytes *= 2;
        /* The policies above it have to allow it. */
        measure_check(policies_set(tree, &machine, &(const Name){"t0"},
                                   &(const PolicyChange){.given[POLICY_MEMORY] = true,
                                                         .values.memory_bytes = MIB(2) << 20},
                                   NULL),
                      "t0");
        set_policy(tree, &machine);

        printf("%u unikernels, %zu policies\n%-40s %8s %8s %8s\n", n,
               path_node_count_policies(path_tree_find(tree, "", 0)), "", "min", "median", "max");
        print_series(&admit_none, 0);
        print_series(&admit_all, TARGET_NSEC);
        print_series(&refuse_all, TARGET_NSEC);
        print_series(&run_all, TARGET_NSEC);
        print_series(&set_all, 0);

        for (unsigned i = 0; i < n; i++)
                claim_free(claims[i]);
        free(claims);
        path_tree_free(tree);
        policy_clear(&machine);
        return 0;
}
