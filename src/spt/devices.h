/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The devices that the command line gives to the guest, each by its kind and its name in the
 * image's manifest. Nothing of it is opened here: see attach.h.
 */

#include <stddef.h>
#include <stdint.h>

#include "spt/manifest.h"
#include "spt/refusal.h"

#define DEVICES_MAX (MANIFEST_ENTRIES_MAX - 1)

#define SECTOR_SIZE_DEFAULT 512U
#define SECTOR_SIZE_MAX     32768U

typedef struct Device {
        DeviceType type;
        /* Part of the option, as is the source: so it is not terminated. */
        const char *name;
        size_t name_length;
        /* The interface, the file, or @FD; NULL where only a property is given so far. */
        const char *source;
        int fd;               /* what @FD means, else -1 */
        uint8_t mac[6];       /* all zero: none is given */
        uint16_t sector_size; /* 0: none is given */
} Device;

typedef struct Devices {
        size_t n_devices;
        Device devices[DEVICES_MAX];
} Devices;

/* Takes --net:, --net-mac:, --block: or --block-sector-size: and returns 1; 0 for other options. */
int devices_take_option(Devices *devices, const char *text, Refusal *refusal);
