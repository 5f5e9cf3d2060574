/* SPDX-License-Identifier: ISC */
#pragma once

/* Who calls, by the numbers that the kernel knows him by: names are given to others. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "domain/owners.h"

typedef struct Caller {
        uint32_t uid;
        uint32_t pid; /* 0: the bus does not tell */
        uint32_t *gids;
        size_t n_gids;
} Caller;

/* From the reply of GetConnectionCredentials(). A bus that does not tell the groups of its clients
 * leaves them with none. The caller clears *@ret. */
int caller_read(Caller *ret, sd_bus_message *credentials);
void caller_clear(Caller *caller);

/* Is @owner this user, or a group of his? */
bool caller_is(const Caller *caller, const Owner *owner);
