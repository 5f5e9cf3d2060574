/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The devices that a unikernel is given against those that the manifest of its image wants. Both
 * sets must be the same, by the names in the guest; what was left out and can only be one thing is
 * filled in.
 */

#include "domain/devices.h"

typedef enum DeviceKind {
        DEVICE_NET,
        DEVICE_BLOCK,
} DeviceKind;

typedef struct DeviceWanted {
        DeviceKind kind;
        const char *guest; /* at most DEVICE_NAME_MAX characters */
} DeviceWanted;

/* What there is to be filled in from. */
typedef struct DeviceOffer {
        const DeviceWanted *wanted;
        size_t n_wanted;
        const Bridges *bridges; /* those that the policies and the host allow */
        bool has_block;         /* the block device of devices_lone_block() is there, and free */
} DeviceOffer;

/* The label of the block device that can be left out: the image wants one, and none is given. False
 * when there is no such case. */
bool devices_lone_block(const Devices *devices,
                        const DeviceWanted *wanted,
                        size_t n_wanted,
                        char ret[static NAME_LABEL_MAX + 1]);

/* Fills in @devices: then each has its bridge, or its block device with a sector size. A refusal
 * changes nothing, and says which options would match. */
int devices_match(Devices *devices, const DeviceOffer *offer, Fault *fault);
