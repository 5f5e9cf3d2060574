/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/packet.h"
#include "manager/channel.h"

/* Messages handled per turn of the loop, so that a busy peer does not starve the others. */
#define MESSAGES_PER_TURN 64

typedef struct Outgoing {
        ListLink link;
        size_t size;
        size_t n_fds;
        int fds[PACKET_FDS_MAX];
        char data[];
} Outgoing;

struct Channel {
        int fd;
        sd_event_source *source;
        ChannelHandlers handlers;
        ListLink outgoing;
        bool broken;
        size_t size_max;
        char *buffer;
};

static void outgoing_free(Outgoing *outgoing) {
        list_remove(&outgoing->link);
        packet_close_fds(outgoing->fds, outgoing->n_fds);
        free(outgoing);
}

Channel *channel_free(Channel *channel) {
        if (!channel)
                return NULL;

        sd_event_source_disable_unref(channel->source);
        LIST_FOREACH(link, &channel->outgoing)
        outgoing_free(LIST_ENTRY(link, Outgoing, link));
        fd_close(channel->fd);
        free(channel->buffer);
        free(channel);
        return NULL;
}

DEFINE_CLEANUP(Channel *, channel_free);

static int queue(Channel *channel, const void *data, size_t size, const int *fds, size_t n_fds) {
        Outgoing *outgoing;
        int r;

        outgoing = calloc(1, sizeof(*outgoing) + size);
        if (!outgoing)
                return -ENOMEM;
        outgoing->size = size;
        memcpy(outgoing->data, data, size);
        for (; outgoing->n_fds < n_fds; outgoing->n_fds++) {
                int copy = fcntl(fds[outgoing->n_fds], F_DUPFD_CLOEXEC, 3);

                if (copy < 0) {
                        r = -errno;
                        outgoing_free(outgoing);
                        return r;
                }
                outgoing->fds[outgoing->n_fds] = copy;
        }
        r = sd_event_source_set_io_events(channel->source, EPOLLIN | EPOLLOUT);
        if (r < 0) {
                /* Whoever is told that it failed may send it again: it must not go twice. */
                outgoing_free(outgoing);
                return r;
        }
        list_append(&channel->outgoing, &outgoing->link);
        return 0;
}

int channel_send(Channel *channel, const void *data, size_t size, const int *fds, size_t n_fds) {
        int r;

        if (channel->broken)
                return -EPIPE;
        if (list_is_empty(&channel->outgoing)) {
                r = packet_send(channel->fd, data, size, fds, n_fds);
                if (r != -EAGAIN)
                        return r;
        }
        return queue(channel, data, size, fds, n_fds);
}

void channel_break(Channel *channel) {
        channel->broken = true;
        /* Makes it readable, whatever the peer does. */
        (void) shutdown(channel->fd, SHUT_RDWR);
}

static int flush(Channel *channel) {
        int r;

        LIST_FOREACH(link, &channel->outgoing) {
                Outgoing *outgoing = LIST_ENTRY(link, Outgoing, link);

                r = packet_send(channel->fd, outgoing->data, outgoing->size, outgoing->fds,
                                outgoing->n_fds);
                if (r == -EAGAIN)
                        return 0;
                if (r < 0)
                        return r;
                outgoing_free(outgoing);
        }
        return sd_event_source_set_io_events(channel->source, EPOLLIN);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Channel *channel = userdata;
        ChannelHandlers handlers = channel->handlers;
        int r = 0;

        if (revents & EPOLLOUT)
                r = flush(channel);

        for (unsigned i = 0; r >= 0 && i < MESSAGES_PER_TURN; i++) {
                int fds[PACKET_FDS_MAX];
                size_t n_fds = 0;

                if (channel->broken) {
                        r = -EPROTO;
                        break;
                }
                r = packet_receive(fd, channel->buffer, channel->size_max, fds, &n_fds);
                if (r == -EAGAIN)
                        return 0;
                if (r == 0)
                        r = -EPIPE;
                if (r < 0)
                        break;
                handlers.received(handlers.userdata, channel->buffer, (size_t) r, fds, n_fds);
                packet_close_fds(fds, n_fds);
        }

        if (r < 0) {
                sd_event_source_set_enabled(source, SD_EVENT_OFF);
                handlers.closed(handlers.userdata, r == -EPIPE ? 0 : r);
        }
        return 0;
}

int channel_new(Channel **ret,
                sd_event *event,
                int fd,
                size_t size_max,
                const ChannelHandlers *handlers) {
        _cleanup_(channel_freep) Channel *channel = NULL;
        int flags;
        int r;

        channel = calloc(1, sizeof(*channel));
        if (!channel)
                return -ENOMEM;
        channel->fd = -1;
        channel->handlers = *handlers;
        channel->size_max = size_max;
        list_init(&channel->outgoing);
        channel->buffer = malloc(size_max);
        if (!channel->buffer)
                return -ENOMEM;

        flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        r = sd_event_add_io(event, &channel->source, fd, EPOLLIN, on_io, channel);
        if (r < 0)
                return r;

        channel->fd = fd;
        *ret = TAKE_PTR(channel);
        return 0;
}
