/* SPDX-License-Identifier: ISC */
#pragma once

/* What calls to PID 1 share. */

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#define MANAGER_NAME "org.freedesktop.systemd1"

/* Destination, path and interface of the sd_bus_*method_call*() family. */
#define MANAGER_ADDRESS                                                                            \
        "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"

/* Where a unit's object is, and the interface that all of them have. */
#define MANAGER_UNIT_PREFIX "/org/freedesktop/systemd1/unit"
#define MANAGER_UNIT        "org.freedesktop.systemd1.Unit"

#define MANAGER_ERROR_UNIT_EXISTS "org.freedesktop.systemd1.UnitExists"

/* No timeout of its own: whoever waits for PID 1 has a deadline for all of it, and an answer that
 * comes after that is still of use. */
#define MANAGER_TIMEOUT UINT64_MAX

/* The property AllowedCPUs as "(sv)": a bit mask, lowest CPU first. */
int manager_append_cpus(sd_bus_message *message, const uint8_t *cpus, size_t size);
