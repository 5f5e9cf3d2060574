/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * How long a message is. Those that wait for their turn are kept in memory, and the bus lets each
 * be of 32 MiB; none that means something comes near to the limit here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-bus.h>

#define MESSAGE_LENGTH_MAX (128U * 1024U)

/* Has @message, its path included, more than @max bytes? That is looked at only up to there. It is
 * at its beginning again afterwards. */
bool message_is_longer(sd_bus_message *message, size_t max);
