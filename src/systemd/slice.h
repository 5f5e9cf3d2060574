/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The limits of a slice, whether it is there or not: PID 1 keeps them in drop-ins below
 * /run/systemd/system.control, until the next boot or until they are taken back.
 */

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

typedef struct SliceLimits {
        const char *unit;
        uint64_t memory_max_bytes, tasks_max;
        const uint8_t *allowed_cpus; /* bit mask as systemd takes it, lowest CPU first */
        size_t allowed_cpus_size;
} SliceLimits;

typedef struct SliceChange SliceChange;

/* @error is 0 or a negative errno, @reason what systemd said. Called from the event loop, once; the
 * SliceChange is done then and may be freed. */
typedef void (*SliceChanged)(void *userdata, int error, const char *reason);

/* What is in @limits is copied. */
int slice_set_limits(SliceChange **ret,
                     sd_bus *bus,
                     const SliceLimits *limits,
                     SliceChanged handler,
                     void *userdata);

/* Takes the limits back, and the drop-ins with them, so that nothing is left of us. Only when an
 * administrator has drop-ins of his own for this slice, ours stay, and say that there is no limit:
 * PID 1 can only remove all of them together. */
int slice_remove_limits(SliceChange **ret,
                        sd_bus *bus,
                        const char *unit,
                        SliceChanged handler,
                        void *userdata);

/* Nobody is called any more; what was asked for may happen or not. */
SliceChange *slice_change_free(SliceChange *change);
