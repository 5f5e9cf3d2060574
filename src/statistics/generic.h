/* SPDX-License-Identifier: ISC */
#pragma once

/* Generic netlink, as far as we need it; see genetlink(7). */

#include <linux/genetlink.h>

#include "network/netlink.h"

/* The number of a family; -ENOENT when the kernel, or this network namespace, does not have it. */
int generic_family(Netlink *netlink, const char *name);

/* batch_add() for a command of that family. */
struct nl_msg *generic_add(Batch *batch, int family, uint8_t command, int flags);
