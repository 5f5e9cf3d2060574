/* SPDX-License-Identifier: ISC */
#pragma once

/* The answers of the daemon, and of systemd about it. What is in there that nobody here knows is
 * passed over. -errno: it is no such answer. */

#include <systemd/sd-bus.h>

#include "metrics/snapshot.h"

int reply_read_list(sd_bus_message *reply, Snapshot *snapshot);
int reply_read_statistics(sd_bus_message *reply, Snapshot *snapshot);
int reply_read_host(sd_bus_message *reply, Snapshot *snapshot);

/* Of the property @key. */
int reply_read_daemon(sd_bus_message *reply, const char *key, Snapshot *snapshot);
