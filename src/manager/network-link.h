/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The daemon's end of albatross-network: taps come from it, and the set of bridges that the host
 * has is always at hand. The socket unit starts the service, so connecting waits for nothing. When
 * the service dies the link connects again by itself, and asks once more for what was not answered:
 * a tap that was under way is gone with the service, and all else can be done twice.
 */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "domain/bridges.h"
#include "domain/devices.h"
#include "domain/fault.h"

#define NETWORK_SOCKET ALBATROSS_RUNTIMEDIR "/network"

typedef struct NetworkLink NetworkLink;

/* Called from the event loop only. May call everything here but network_link_free(). */
typedef struct NetworkHandlers {
        void (*bridges_changed)(void *userdata); /* a bridge came or went; may be NULL */
        void *userdata;
        uint64_t patience_usec; /* one that answers nothing for so long counts as dead; 0: none */
} NetworkHandlers;

/* Connects, and goes on trying to in the background when that fails. */
int network_link_new(NetworkLink **ret, sd_event *event, const NetworkHandlers *handlers);

/* Nobody is called any more. Taps that were under way go. */
NetworkLink *network_link_free(NetworkLink *link);

/* The bridges that the host has now, as far as was told: none before the first bridges_changed. */
const Bridges *network_bridges(const NetworkLink *link);

typedef struct TapOrder {
        const char *unikernel; /* its name */
        const char *bridge;
        Mac mac;
        uint32_t uid;    /* who may open it by its name */
        bool persistent; /* it stays without a descriptor, until network_remove_taps() */
        bool isolated;
        bool unlocked;
} TapOrder;

typedef struct TapAnswer {
        int error;   /* 0 or negative errno; -EPIPE when the service died, twice, or is stuck */
        Fault fault; /* with an error: NoSuchBridge, BridgeFull, MACInUse, or Failed */
        int fd;      /* non-blocking; -1 for a persistent tap; taken by setting it to -1 */
        char name[IFNAMSIZ]; /* "alb1234567"; not used again in this boot */
} TapAnswer;

typedef void (*TapMade)(void *userdata, TapAnswer *answer);

/* Copies what it needs of @order. @made is called exactly once, from the event loop, unless this
 * fails. It can't be cancelled: who does not want the tap any more lets its descriptor be closed,
 * or removes a persistent one. */
int network_make_tap(NetworkLink *link, const TapOrder *order, TapMade made, void *userdata);

/* That all of them are gone: 0, or negative errno. */
typedef void (*TapsRemoved)(void *userdata, int error);

/* Removes taps of ours by their names, many at once; those that are not there are passed over.
 * @removed, which may be NULL, is called once, from the event loop, unless this fails. Persistent
 * taps need this. For others it spares their tender's end the 20 ms that the removal of one takes,
 * during which nobody else can make or remove any: call it before the signal that ends the tender.
 */
int network_remove_taps(NetworkLink *link,
                        const char *const *names,
                        size_t n_names,
                        TapsRemoved removed,
                        void *userdata);

/* To be called once, after a start and before the first tap is made: removes every tap of ours but
 * the @n_names that are to be kept. */
int network_sweep(NetworkLink *link, const char *const *keep, size_t n_keep);
