/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What stands behind the guest's devices: a tap for each network, a file for each block device.
 * They are opened, or taken as they were opened for us, and from then on the guest's.
 */

#include "spt/devices.h"
#include "spt/manifest.h"
#include "spt/refusal.h"

/* Attaches each of the devices to the entry of its name, which then says what the guest is to know.
 * Refuses a device that the manifest does not have, and a manifest that wants more. */
int attach_devices(Manifest *manifest, const Devices *devices, Refusal *refusal);
