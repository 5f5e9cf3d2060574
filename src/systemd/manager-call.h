/* SPDX-License-Identifier: ISC */
#pragma once

/* Calls to PID 1's manager object that need no answer. */

#include <systemd/sd-bus.h>

#define MANAGER_NAME "org.freedesktop.systemd1"

/* Destination, path and interface of the sd_bus_*method_call*() family. */
#define MANAGER_ADDRESS                                                                            \
        "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"

#define MANAGER_ERROR_UNIT_EXISTS "org.freedesktop.systemd1.UnitExists"

/* No timeout of its own: whoever waits for PID 1 has a deadline for all of it, and an answer that
 * comes after that is still of use. */
#define MANAGER_TIMEOUT UINT64_MAX
