/* SPDX-License-Identifier: ISC */
#pragma once

/* The unikernels below a path, as one call brings them: sorted by name. */

#include <systemd/sd-bus.h>

#include "domain/cpus.h"
#include "domain/fault.h"
#include "domain/name.h"

typedef struct Listed {
        const char *name, *state, *type;
        uint64_t since_usec; /* UTC, when .state began */
        uint64_t memory_bytes;
        const uint32_t *cpus;
        size_t n_cpus;
        uint32_t n_restarts;
} Listed;

typedef struct Listing {
        Listed *items;
        size_t n_items;
        sd_bus_message *reply; /* holds what the items point to */
} Listing;

/* A call that asks for it, and what its answer says. The caller owns *@ret of the one, and gives
 * that of the other, which keeps @reply, back by listing_done(). */
int listing_request(sd_bus_message **ret, sd_bus *bus, const Name *path, Fault *fault);
int listing_read(Listing *ret, sd_bus_message *reply, Fault *fault);

/* The two together. */
int listing_get(Listing *ret, sd_bus *bus, const Name *path, Fault *fault);

/* Is there a unikernel of that name or, as of a path, one below it? NoSuchUnikernel, with a hint,
 * where there is none. */
int listing_check_name(sd_bus *bus, const Name *name, Fault *fault);

void listing_done(Listing *listing);
