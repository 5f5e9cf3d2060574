/* SPDX-License-Identifier: ISC */

/*
 * What each unikernel has of the paths above it: a place from its reservation until it is gone, and
 * memory, CPUs and bridges while it is neither stopped nor failed.
 */

#include <string.h>

#include "base/cleanup.h"
#include "host/control-group.h"
#include "manager/manager-internal.h"
#include "systemd/log.h"

static void share_clear(Share *share) {
        bridges_clear(&share->bridges);
}

/* What it takes when it runs. The caller clears *@ret, whatever is returned. */
static int share_of(Share *ret, const Config *config) {
        *ret = (Share){
                .n_unikernels = 1,
                .memory_bytes = config->memory_bytes,
                .cpus = config->cpus,
        };
        for (size_t i = 0; i < config->devices.n_nets; i++) {
                const Net *net = &config->devices.nets[i];
                int r = 0;

                /* Without a name it is the only one that fits, which is filled in later. */
                if (net->bridge.text[0])
                        r = bridges_add(&ret->bridges, net->bridge.text, NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

int unikernel_claim(Unikernel *unikernel, bool running, Fault *fault) {
        _cleanup_(share_clear) Share share = {};
        Policy machine;
        int r;

        r = share_of(&share, &unikernel->config);
        if (r < 0)
                return r;
        manager_machine_policy(unikernel->manager, &machine);
        return claim_new(
                &unikernel->claim, unikernel->manager->paths, &machine,
                &(const Demand){.name = &unikernel->name, .share = share, .running = running},
                fault);
}

int unikernel_claim_run(Unikernel *unikernel, Fault *fault) {
        _cleanup_(share_clear) Share share = {};
        Policy machine;
        int r;

        r = share_of(&share, &unikernel->config);
        if (r < 0)
                return r;
        manager_machine_policy(unikernel->manager, &machine);
        return claim_run(unikernel->claim, &machine, &share, fault);
}

int unikernel_claim_check(Unikernel *unikernel, const Config *config, bool runs, Fault *fault) {
        _cleanup_(share_clear) Share share = {};
        Policy machine;
        int r;

        r = share_of(&share, config);
        if (r < 0)
                return r;
        manager_machine_policy(unikernel->manager, &machine);
        if (runs && claim_is_running(unikernel->claim))
                return claim_widen(unikernel->claim, &machine, &share, fault);
        return claim_check(unikernel->claim, &machine, &share, fault);
}

int unikernel_claim_found(Unikernel *unikernel) {
        return claim_restore(&unikernel->claim, unikernel->manager->paths,
                             &(const Demand){
                                     .name = &unikernel->name,
                                     .share.n_unikernels = 1,
                             });
}

int unikernel_claim_again(Unikernel *unikernel, Fault *fault) {
        if (claim_is_running(unikernel->claim))
                return unikernel_claim_run(unikernel, fault);
        return unikernel_claim_check(unikernel, &unikernel->config, false, fault);
}

/* What the daemon before us had admitted it with. The same about *@ret as above. */
static int share_noted(Share *ret, const RunRecord *record) {
        *ret = (Share){
                .n_unikernels = 1,
                .memory_bytes = record->memory_bytes,
                .cpus = record->cpus,
        };
        for (size_t i = 0; i < record->n_bridges; i++) {
                int r = bridges_add(&ret->bridges, record->bridges[i].text, NULL);

                if (r < 0)
                        return r;
        }
        return 0;
}

void unikernel_claim_found_running(Unikernel *unikernel, const RunRecord *record) {
        _cleanup_(share_clear) Share share = {};
        int r;

        /* One of the time before it was noted has what its configuration says. */
        if (record->has_claim)
                r = share_noted(&share, record);
        else
                r = share_of(&share, &unikernel->config);
        if (r >= 0)
                r = claim_restore_run(unikernel->claim, &share);
        if (r < 0)
                log_print(LOG_ERR,
                          "What the running unikernel %s has is not counted below its "
                          "policies: %s",
                          unikernel->name.text, strerror(-r));
}

Cpus unikernel_affinity(const Unikernel *unikernel) {
        const Manager *manager = unikernel->manager;
        Policy machine;

        /* Where the kernel can, the slices hold it within its policies, also when these change
         * while it runs; what it asked for itself stands on its scope, too. */
        if (!cpus_is_empty(&unikernel->config.cpus) || control_group_has("cpuset"))
                return unikernel->config.cpus;
        manager_machine_policy(manager, &machine);
        return policies_cpus(manager->paths, &machine, &unikernel->name);
}
