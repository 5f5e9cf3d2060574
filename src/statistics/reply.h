/* SPDX-License-Identifier: ISC */
#pragma once

/* The answer while it grows: one record behind the other. */

#include <stddef.h>

#include "statistics/wire.h"

typedef struct Reply {
        char *data;
        size_t size, allocated;
        uint32_t n_samples;
} Reply;

void reply_clear(Reply *reply);

/* @size zeroed bytes at the end, valid until the next call; NULL without memory, or when it is
 * larger than what the daemon takes. */
void *reply_add(Reply *reply, size_t size);
