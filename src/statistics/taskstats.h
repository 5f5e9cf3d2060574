/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What processes have read from and written to disks: nobody but taskstats tells that of another
 * user's process to one that may not trace it. It counts by thread; a tender has one. The kernel
 * answers in its first namespaces only, and only to CAP_NET_ADMIN.
 */

#include <linux/netlink.h>

#include "network/netlink.h"
#include "statistics/request.h"

/* An answer to TASKSTATS_CMD_GET. -EBADMSG, and @figures is as it was, when it makes no sense. */
int taskstats_parse(struct nlmsghdr *header, uint32_t *ret_pid, Figures *figures);

/* Fills in @figures, one for each of the @n targets, as far as there is something. */
void taskstats_read(Netlink *generic, const Target *targets, uint32_t n, Figures *figures);
