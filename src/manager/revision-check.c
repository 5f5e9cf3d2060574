/* SPDX-License-Identifier: ISC */

/* Could a unikernel be run as it is to become? Nothing is changed here. */

#include "manager/blocks.h"
#include "manager/revision.h"

bool revision_concerns_run(const Unikernel *unikernel) {
        return unikernel->state != STATE_STOPPED && unikernel->state != STATE_STOPPING &&
               unikernel->wanted;
}

int revision_check(Revision *revision,
                   Unikernel *unikernel,
                   const DeviceWanted *wanted,
                   size_t n_wanted,
                   Fault *fault) {
        Config *config = &revision->next->config;
        int r;

        r = config_check(config, &unikernel->name, fault);
        if (r >= 0)
                r = host_bridges_check(unikernel->manager, &config->devices, fault);
        if (r >= 0)
                r = devices_fill_in(&config->devices, unikernel, wanted, n_wanted, fault);
        if (r >= 0)
                r = blocks_check(unikernel, &config->devices, fault);
        return r < 0 ? r : unikernel_claim_check(unikernel, config, revision->restarts, fault);
}
