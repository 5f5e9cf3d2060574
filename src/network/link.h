/* SPDX-License-Identifier: ISC */
#pragma once

/* What the kernel tells of one interface. */

#include <net/if.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Link {
        int index;
        char name[IFNAMSIZ];
        const char *alias, *kind; /* inside the message, "" for none */
        uint32_t mtu;
        uint16_t vlan; /* of a bridge that filters by VLAN: that of its new ports; 0: none */
        bool locked;   /* it is a port of a bridge, and locked */
} Link;

/* -EBADMSG for what is no RTM_NEWLINK or RTM_DELLINK of an interface itself; a bridge tells of its
 * ports in messages that look like that. */
int link_parse(struct nlmsghdr *header, Link *ret);

/* A tap that this program has made, whenever that was. */
bool link_is_ours(const Link *link);
