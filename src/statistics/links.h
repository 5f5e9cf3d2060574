/* SPDX-License-Identifier: ISC */
#pragma once

/* All network interfaces of the host as they were at one time, asked for at once. */

#include <linux/netlink.h>
#include <stddef.h>

#include "network/netlink.h"
#include "statistics/wire.h"

typedef struct HostLink {
        int index, master; /* 0: none */
        char name[IFNAMSIZ];
        uint64_t present; /* bits of InterfaceStatistic */
        uint64_t values[N_INTERFACE_STATISTICS];
} HostLink;

typedef struct HostLinks {
        HostLink *links; /* by index */
        size_t *by_name; /* places in there */
        size_t n, n_allocated;
} HostLinks;

void host_links_clear(HostLinks *links);

/* An RTM_NEWLINK message. -EBADMSG, and *@ret is as it was, when it makes no sense. */
int host_link_parse(struct nlmsghdr *header, HostLink *ret);

/* Asks for all of them. What can't be told of their speed is left out. */
int host_links_read(HostLinks *links, Netlink *route, Netlink *generic);

/* NULL when there is none. */
const HostLink *host_links_find(const HostLinks *links, const char *name);
const HostLink *host_links_at(const HostLinks *links, int index);
