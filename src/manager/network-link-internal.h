/* SPDX-License-Identifier: ISC */
#pragma once

/* What network-link.c and network-removal.c share, and nobody else sees. */

#include "base/cleanup.h"
#include "base/list.h"
#include "manager/channel.h"
#include "manager/network-link.h"
#include "network/wire.h"

/* Something that was asked for and not answered yet. */
typedef struct Order {
        ListLink link;
        NetworkRequest request;
        TapMade made; /* of a tap, else NULL */
        void *userdata;
        bool persistent;
        bool sent;       /* some service may have got it */
        bool again;      /* it was asked of a second service, after the first had died */
        int fd;          /* of a tap that is being made persistent */
        NetworkName tap; /* its name */
        NetworkName *names;
} Order;

/* Names of interfaces, in no order. */
typedef struct Names {
        NetworkName *names;
        size_t n;
} Names;

struct NetworkLink {
        sd_event *event;
        NetworkHandlers handlers;
        Channel *channel;
        bool heard; /* something came over it */
        sd_event_source *retry_timer;
        sd_event_source *patience_timer; /* while something is to be answered */
        uint64_t serial;
        ListLink orders; /* in the order in which they are answered */

        Bridges bridges;
        Bridges incoming; /* what has been told of the next set */
        bool bridges_known;

        Names keep;                   /* of a sweep */
        Names doomed;                 /* to be removed, by the next orders: the first ones first */
        uint64_t n_doomed, n_removed; /* so many were ever added there, and are done with */
        ListLink removals;            /* who waits for that, in that order */
        bool removing;
};

/* --- network-link.c */
Order *order_new(NetworkVerb verb);
Order *order_free(Order *order);
DEFINE_CLEANUP(Order *, order_free);
/* On success the order is the link's. */
int order_give(NetworkLink *link, Order *order);

/* --- network-removal.c */
void names_clear(Names *names);
void removals_free(NetworkLink *link);
/* @order was answered. */
void order_removed(NetworkLink *link, Order *order, int error);
/* So far as @reply tells. */
void order_listed(NetworkLink *link, Order *order, const NetworkReply *reply, const char *names);
