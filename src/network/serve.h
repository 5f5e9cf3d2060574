/* SPDX-License-Identifier: ISC */
#pragma once

/* What the service does on request, one function for each verb of the wire. */

#include <stdbool.h>
#include <stddef.h>

#include "network/bridges.h"
#include "network/request.h"
#include "network/tap.h"

#define CONNECTIONS_MAX 8U

typedef struct ServeFds {
        const int *fds;
        size_t n_fds;
} ServeFds;

/* A client: root, on the other end of a SEQPACKET socket. */
typedef struct Connection {
        int fd;               /* -1: none */
        bool watches_bridges; /* it is told of each change of them */
        bool broken;          /* it takes no message any more, and is to be closed */
} Connection;

/* The whole of the running service. */
typedef struct Network {
        int listener_fd;
        bool is_deaf; /* there is nothing to accept a connection with at the moment */
        Connection connections[CONNECTIONS_MAX];
        Netlink netlink;
        HostBridges bridges;
        Locking locking;
} Network;

/* Does what @message, of which @size bytes came, asks for, and answers it. The descriptors stay the
 * caller's. */
void serve(Network *network,
           Connection *connection,
           const RequestMessage *message,
           size_t size,
           const ServeFds *fds);

/* Tells whoever watches them when a bridge came or went. */
void serve_bridges(Network *network);
