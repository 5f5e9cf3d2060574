/* SPDX-License-Identifier: ISC */
#pragma once

/* The bridges that the host has, as the kernel last told. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network/netlink.h"
#include "network/wire.h"

typedef struct HostBridge {
        NetworkName name;
        int index;
        uint32_t mtu;
        uint16_t vlan; /* as in Link */
} HostBridge;

typedef struct HostBridges {
        Netlink notifications;
        Netlink *questions;
        HostBridge *bridges; /* sorted by name */
        size_t n;
        bool is_torn; /* some may be missing, for too much changed while it was asked */
        bool changed; /* names came or went since this was last set to false */
} HostBridges;

/* Watches from now on; @questions is where it asks, and must outlive it. */
int host_bridges_open(HostBridges *bridges, Netlink *questions);

/* Takes note of all that the kernel has told meanwhile, and asks again what was torn. */
int host_bridges_update(HostBridges *bridges);

/* NULL when there is none of that name. */
const HostBridge *host_bridges_find(const HostBridges *bridges, const char *name);
