/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Asks the daemon for all that there is, once, over a connection of its own: which unikernels there
 * are, what is counted of them, what there is of the host; and systemd about the daemon. It takes
 * no longer than FETCH_USEC, whoever of them is away, and starts no daemon that was stopped.
 */

#include <systemd/sd-event.h>

#include "metrics/snapshot.h"

#define FETCH_USEC 8000000ULL

typedef struct Fetch Fetch;

/* @snapshot, which also says what could not be had, is valid until it returns, and so is the fetch.
 * Called from the event loop, once. */
typedef void (*Fetched)(void *userdata, const Snapshot *snapshot);

int fetch_start(Fetch **ret, sd_event *event, Fetched done, void *userdata);
Fetch *fetch_free(Fetch *fetch);
