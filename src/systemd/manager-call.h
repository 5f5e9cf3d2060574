/* SPDX-License-Identifier: ISC */
#pragma once

/* Calls to PID 1's manager object that need no answer. */

#include <systemd/sd-bus.h>

#define MANAGER_NAME "org.freedesktop.systemd1"

/* Destination, path and interface of the sd_bus_*method_call*() family. */
#define MANAGER_ADDRESS                                                                            \
        "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"

#define MANAGER_ERROR_UNIT_EXISTS "org.freedesktop.systemd1.UnitExists"

/* PID 1 answers late when it is busy, and a scope that it made after we gave up would be a leak:
 * longer than its own default for a start. In microseconds. */
#define MANAGER_TIMEOUT (120ULL * 1000000ULL)
