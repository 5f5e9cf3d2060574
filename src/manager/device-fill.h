/* SPDX-License-Identifier: ISC */
#pragma once

/* What an image wants of devices, and what it gets where its configuration leaves that out. */

#include "domain/device-match.h"
#include "image/wire.h"
#include "manager/unikernel.h"

/* By its manifest. The names stay those of @notes. */
size_t devices_wanted_by_image(const NotesReport *notes,
                               DeviceWanted ret[static IMAGE_DEVICES_MAX]);

/* By devices that match its manifest already. The names stay theirs. */
size_t devices_wanted_before(const Devices *devices, DeviceWanted ret[static IMAGE_DEVICES_MAX]);

/* Fills in @devices, which @unikernel is to have: bridges, MACs, and the block device called like
 * the only one that its image wants, if it is free or its own. Nothing is taken yet. */
int devices_fill_in(Devices *devices,
                    const Unikernel *unikernel,
                    const DeviceWanted *wanted,
                    size_t n_wanted,
                    Fault *fault);
