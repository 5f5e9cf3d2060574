/* SPDX-License-Identifier: ISC */

#include <stdio.h>

#include "base/cleanup.h"
#include "host/mac.h"
#include "manager/blocks.h"
#include "manager/device-fill.h"
#include "manager/manager-internal.h"

size_t devices_wanted_by_image(const NotesReport *notes,
                               DeviceWanted ret[static IMAGE_DEVICES_MAX]) {
        for (size_t i = 0; i < notes->n_devices; i++)
                ret[i] = (DeviceWanted){
                        .kind = notes->devices[i].type == IMAGE_DEVICE_NET ? DEVICE_NET
                                                                           : DEVICE_BLOCK,
                        .guest = notes->devices[i].name,
                };
        return notes->n_devices;
}

size_t devices_wanted_before(const Devices *devices, DeviceWanted ret[static IMAGE_DEVICES_MAX]) {
        size_t n = 0;

        for (size_t i = 0; i < devices->n_nets && n < IMAGE_DEVICES_MAX; i++)
                ret[n++] = (DeviceWanted){.kind = DEVICE_NET, .guest = devices->nets[i].guest};
        for (size_t i = 0; i < devices->n_blocks && n < IMAGE_DEVICES_MAX; i++)
                ret[n++] = (DeviceWanted){.kind = DEVICE_BLOCK, .guest = devices->blocks[i].guest};
        return n;
}

static bool has_lone_block(const Unikernel *unikernel,
                           const Devices *devices,
                           const DeviceOffer *offer) {
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

int devices_fill_in(Devices *devices,
                    const Unikernel *unikernel,
                    const DeviceWanted *wanted,
                    size_t n_wanted,
                    Fault *fault) {
        _cleanup_(bridges_clear) Bridges bridges = {};
        DeviceOffer offer = {.wanted = wanted, .n_wanted = n_wanted, .bridges = &bridges};
        Policy machine;
        int r;

        manager_machine_policy(unikernel->manager, &machine);
        r = policies_bridges(unikernel->manager->paths, &machine, &unikernel->name, &bridges);
        if (r < 0)
                return r;
        offer.has_block = has_lone_block(unikernel, devices, &offer);
        r = devices_match(devices, &offer, fault);
        if (r < 0)
                return r;
        for (size_t i = 0; i < devices->n_nets; i++)
                if (!mac_is_given(&devices->nets[i].mac))
                        devices->nets[i].mac = mac_derive(devices->nets[i].guest, &unikernel->name);
        return 0;
}
