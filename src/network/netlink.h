/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A conversation with the kernel, rtnetlink above all. Several requests go to the kernel in one
 * message, are carried out one after the other before the sending returns, each whether or not the
 * one before has failed, and only the last one is acknowledged: two system calls for all.
 */

#include <netlink/msg.h>
#include <netlink/socket.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define NETLINK_BATCH_MAX 128U

typedef struct Netlink {
        struct nl_sock *socket;
        char *buffer; /* of one datagram that comes in */
} Netlink;

#define NETLINK_CLOSED                                                                             \
        {}

typedef struct Batch {
        struct nl_msg *messages[NETLINK_BATCH_MAX];
        int errors[NETLINK_BATCH_MAX]; /* after it was sent: 0 or negative errno, of each */
        size_t n;
} Batch;

/* For one message that the kernel sends. A negative errno is that of the request, too. */
typedef int (*NetlinkData)(void *userdata, struct nlmsghdr *header);

/* @protocol: NETLINK_ROUTE or another one. @groups: bits of those whose notifications are wanted,
 * and then nothing is ever sent. */
int netlink_open(Netlink *netlink, int protocol, uint32_t groups);
void netlink_close(Netlink *netlink);

/* A new request at the end of the batch, with a fixed part of @size; NULL without memory. It is the
 * batch's. */
struct nl_msg *batch_add(Batch *batch, int type, int flags, const void *fixed, size_t size);
void batch_clear(Batch *batch);

/* Sends all, and hands what the kernel tells to @data, which may be NULL. 0 when all was carried
 * out, else the first of the errors. A dump is a batch of its own; -EAGAIN: what it tells is torn,
 * for something has changed meanwhile. */
int netlink_talk(Netlink *netlink, Batch *batch, NetlinkData data, void *userdata);

/* All notifications that are there; does not wait. -ENOBUFS: some are lost. */
int netlink_drain(Netlink *netlink, NetlinkData data, void *userdata);
