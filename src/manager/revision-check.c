/* SPDX-License-Identifier: ISC */

/* Could a unikernel be run as it is to become? Nothing is changed here. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/mac.h"
#include "manager/blocks.h"
#include "manager/revision.h"

bool revision_concerns_run(const Unikernel *unikernel) {
        return unikernel->state != STATE_STOPPED && unikernel->state != STATE_STOPPING &&
               unikernel->wanted;
}

size_t revision_wanted(const Devices *devices, DeviceWanted ret[static IMAGE_DEVICES_MAX]) {
        size_t n = 0;

        for (size_t i = 0; i < devices->n_nets && n < IMAGE_DEVICES_MAX; i++)
                ret[n++] = (DeviceWanted){.kind = DEVICE_NET, .guest = devices->nets[i].guest};
        for (size_t i = 0; i < devices->n_blocks && n < IMAGE_DEVICES_MAX; i++)
                ret[n++] = (DeviceWanted){.kind = DEVICE_BLOCK, .guest = devices->blocks[i].guest};
        return n;
}

/* The block device called like the only one that the image wants, if it is free, or its own. */
static bool has_lone_block(const Unikernel *unikernel, const Devices *devices, DeviceOffer *offer) {
        char label[NAME_LABEL_MAX + 1], text[NAME_MAX_LENGTH + 1 + sizeof(label)];
        size_t length = name_path_length(&unikernel->name);
        const BlockDevice *device;

        if (!devices_lone_block(devices, offer->wanted, offer->n_wanted, label))
                return false;
        snprintf(text, sizeof(text), "%.*s%s%s", (int) length, unikernel->name.text,
                 length > 0 ? ":" : "", label);
        device = blocks_find(unikernel->manager, text);
        return device && (!device->unikernel || device->unikernel == unikernel);
}

static int match_devices(Config *config,
                         const Unikernel *unikernel,
                         DeviceOffer *offer,
                         Fault *fault) {
        _cleanup_(bridges_clear) Bridges bridges = {};
        Devices *devices = &config->devices;
        Policy machine;
        int r;

        manager_machine_policy(unikernel->manager, &machine);
        r = policies_bridges(unikernel->manager->paths, &machine, &unikernel->name, &bridges);
        if (r < 0)
                return r;
        offer->bridges = &bridges;
        offer->has_block = has_lone_block(unikernel, devices, offer);
        r = devices_match(devices, offer, fault);
        offer->bridges = NULL;
        for (size_t i = 0; r >= 0 && i < devices->n_nets; i++)
                if (!mac_is_given(&devices->nets[i].mac))
                        devices->nets[i].mac = mac_derive(devices->nets[i].guest, &unikernel->name);
        return r;
}

int revision_check(Revision *revision,
                   Unikernel *unikernel,
                   const DeviceWanted *wanted,
                   size_t n_wanted,
                   Fault *fault) {
        DeviceOffer offer = {.wanted = wanted, .n_wanted = n_wanted};
        Config *config = &revision->next->config;
        int r;

        r = config_check(config, &unikernel->name, fault);
        if (r >= 0)
                r = host_bridges_check(unikernel->manager, &config->devices, fault);
        if (r >= 0)
                r = match_devices(config, unikernel, &offer, fault);
        if (r >= 0)
                r = blocks_check(unikernel, &config->devices, fault);
        return r < 0 ? r : unikernel_claim_check(unikernel, config, revision->restarts, fault);
}
