/* SPDX-License-Identifier: ISC */

/* Which unikernel has which MAC on which bridge, running or not: a second one is refused. */

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"

struct MacEntry {
        Manager *manager;
        BridgeName bridge;
        Mac mac;
};

static int compare(const void *a, const void *b) {
        const MacEntry *one = a, *other = b;
        int r;

        r = strcmp(one->bridge.text, other->bridge.text);
        return r != 0 ? r : memcmp(&one->mac, &other->mac, sizeof(Mac));
}

static void give_back(MacEntry *entries, size_t n) {
        for (size_t i = 0; i < n; i++)
                tdelete(&entries[i], &entries[i].manager->macs, compare);
        free(entries);
}

static int refuse(const MacEntry *entry, Fault *fault) {
        char mac[MAC_TEXT_SIZE];
        int r;

        mac_format(&entry->mac, mac);
        r = fault_set(fault, FAULT_MAC_IN_USE,
                      "Another network on the bridge %s has the MAC address %s", entry->bridge.text,
                      mac);
        fault_hint(fault, "Give another one: --net=GUEST:%s@MAC", entry->bridge.text);
        return r;
}

int macs_take(Unikernel *unikernel, Fault *fault) {
        Manager *manager = unikernel->manager;
        const Devices *devices = &unikernel->config.devices;
        MacEntry *entries;

        if (unikernel->macs || devices->n_nets == 0)
                return 0;
        entries = calloc(devices->n_nets, sizeof(*entries));
        if (!entries)
                return -ENOMEM;
        for (size_t i = 0; i < devices->n_nets; i++) {
                const Net *net = &devices->nets[i];
                void *node;

                entries[i] = (MacEntry){
                        .manager = manager,
                        .bridge = net->bridge,
                        .mac = net->mac,
                };
                node = tsearch(&entries[i], &manager->macs, compare);
                if (!node || *(MacEntry **) node != &entries[i]) {
                        int r = node ? refuse(&entries[i], fault) : -ENOMEM;

                        give_back(entries, i);
                        return r;
                }
        }
        unikernel->macs = entries;
        unikernel->n_macs = devices->n_nets;
        return 0;
}

void macs_give_back(Unikernel *unikernel) {
        if (!unikernel->macs)
                return;
        give_back(TAKE_PTR(unikernel->macs), unikernel->n_macs);
        unikernel->n_macs = 0;
}
