/* SPDX-License-Identifier: ISC */
#pragma once

/* Taps that are to go, and which there are. */

#include <stddef.h>

#include "network/netlink.h"
#include "network/wire.h"

/* Removes those of @names that are taps of ours, many at once. */
int taps_remove(Netlink *netlink, const NetworkName *names, size_t n_names);

/* All taps of ours. The caller owns *@ret. */
int taps_list(Netlink *netlink, NetworkName **ret, size_t *ret_n);
