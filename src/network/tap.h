/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A tap: an Ethernet cable whose one end is a descriptor, in a tender's hand, and whose other end
 * is an interface of the host's, here always a port of a bridge. Such a port is locked: the bridge
 * takes from it only frames with the source MAC that a static entry of its forwarding database has
 * for this port, which is that of its guest. The entry is sticky, so that frames with that MAC that
 * come in elsewhere do not move it. On a kernel before 5.18 there is no lock, and the rest holds:
 * the port does not learn, so nothing that a guest sends has other guests' frames go to it.
 */

#include "network/bridges.h"
#include "network/netlink.h"
#include "network/wire.h"

typedef enum Locking {
        LOCKING_UNKNOWN, /* no port was locked yet */
        LOCKING_WORKS,
        LOCKING_MISSING,
} Locking;

/* Makes the tap that @request asks for, as a port of @bridge. The caller owns *@ret_fd; the tap
 * goes when that is closed. Errors as in wire.h. Nothing is left behind on failure. */
int tap_make(Netlink *netlink,
             const NetworkRequest *request,
             const HostBridge *bridge,
             int *ret_fd,
             NetworkName *ret_name);

/* Has the tap @fd stay when it is closed. -EINVAL when it is none of ours. */
int tap_persist(int fd);

/* Whether this kernel has locked ports, looked up at @name, which was to be one. */
int tap_ask_locking(Netlink *netlink, const char *name, Locking *ret);
