/* SPDX-License-Identifier: ISC */

/* Could a unikernel be run as it is to become? Nothing is changed here. */

#include "base/cleanup.h"
#include "manager/blocks.h"
#include "manager/revision.h"

bool revision_is_to_restart(const Revision *revision, const Unikernel *unikernel) {
        if (!revision->restarts || !unikernel->wanted || unikernel->stays_until_boot)
                return false;
        /* What did not stay up may be stopped, but not because somebody has asked for that. */
        return revision->goes_back ||
               (unikernel->state != STATE_STOPPED && unikernel->state != STATE_STOPPING);
}

int revision_check_run(const Unikernel *unikernel,
                       const Devices *devices,
                       const ImageInfo *image,
                       Fault *fault) {
        _cleanup_(fd_closep) int fd = image_open(unikernel, image, fault);

        return fd < 0 ? fd : blocks_check_open(unikernel, devices, fault);
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
        if (r >= 0 && revision_is_to_restart(revision, unikernel))
                r = revision_check_run(unikernel, &config->devices, &revision->next->image, fault);
        return r < 0 ? r : unikernel_claim_check(unikernel, config, revision->restarts, fault);
}
