/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * One end of a SOCK_SEQPACKET connection on the event loop. Sending never blocks: what the socket
 * does not take yet waits here, with duplicates of its descriptors.
 */

#include <stddef.h>
#include <systemd/sd-event.h>

typedef struct Channel Channel;

/* A whole message. The handler owns @fds; what it does not take it leaves, and it is closed. */
typedef void (
        *ChannelReceived)(void *userdata, const void *data, size_t size, int *fds, size_t n_fds);

/* The other side is gone (0) or the connection failed (negative errno). The channel is dead then,
 * and may be freed by this handler. */
typedef void (*ChannelClosed)(void *userdata, int error);

typedef struct ChannelHandlers {
        ChannelReceived received;
        ChannelClosed closed;
        void *userdata;
} ChannelHandlers;

/* Takes over @fd on success. Messages larger than @size_max end the connection. */
int channel_new(Channel **ret,
                sd_event *event,
                int fd,
                size_t size_max,
                const ChannelHandlers *handlers);
Channel *channel_free(Channel *channel);

/* The descriptors stay the caller's. When it fails, nothing is sent, now or later. */
int channel_send(Channel *channel, const void *data, size_t size, const int *fds, size_t n_fds);

/* The peer makes no sense: nothing more is taken from it or given to it, and the closed handler is
 * called from the loop, with -EPROTO. May be used by the received handler. */
void channel_break(Channel *channel);
