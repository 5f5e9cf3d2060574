/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The networks and block devices that a unikernel is given. Each device has a name in the guest,
 * which its image's manifest fixes, and something of the host's behind it.
 */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/bridges.h"
#include "domain/fault.h"
#include "domain/name.h"

/* mft_abi.h of Solo5: 64 entries, the first one reserved; names of letters and digits. */
#define DEVICES_MAX     63U
#define DEVICE_NAME_MAX 67

typedef struct Mac {
        uint8_t bytes[6]; /* all zero: none is given */
} Mac;

typedef struct Net {
        char guest[DEVICE_NAME_MAX + 1];
        BridgeName bridge; /* empty: the only one that fits */
        Mac mac;
        bool isolated; /* can't talk to other isolated ports of its bridge */
        bool unlocked; /* may use other MACs, too */
} Net;

typedef struct Block {
        char guest[DEVICE_NAME_MAX + 1];
        char device[NAME_LABEL_MAX + 1]; /* in the path of the unikernel; empty: as in the guest */
        uint32_t sector_size;            /* bytes, a power of two from 512 on; 0: 512 */
} Block;

/* Empty when zero-initialised. */
typedef struct Devices {
        Net *nets;
        size_t n_nets;
        Block *blocks;
        size_t n_blocks;
} Devices;

/* @ret becomes a list of its own. */
int devices_copy(Devices *ret, const Devices *devices);
void devices_clear(Devices *devices);

/* Each refuses what can't be (a name, a bridge, a multicast MAC, a sector size), a guest device
 * that is there already, and more than DEVICES_MAX of both together. */
int devices_add_net(Devices *devices, const Net *net, Fault *fault);
int devices_add_block(Devices *devices, const Block *block, Fault *fault);

static inline bool mac_is_given(const Mac *mac) {
        return mac->bytes[0] | mac->bytes[1] | mac->bytes[2] | mac->bytes[3] | mac->bytes[4] |
               mac->bytes[5];
}

/* "00:80:41:0a:0b:0c", in lower case. */
#define MAC_TEXT_SIZE 18
void mac_format(const Mac *mac, char ret[static MAC_TEXT_SIZE]);
int mac_parse(Mac *ret, const char *text, Fault *fault);
