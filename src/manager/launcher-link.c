/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/packet.h"
#include "manager/channel.h"
#include "manager/launcher-link.h"

typedef struct PendingCall {
        ListLink link;
        uint64_t serial;
        LauncherDone done;
        void *userdata;
} PendingCall;

struct LauncherLink {
        sd_event *event;
        LauncherHandlers handlers;
        Channel *channel;
        uint64_t serial;
        ListLink pending;
};

static void pending_settle(PendingCall *call, const LauncherReply *reply) {
        LauncherDone done = call->done;
        void *userdata = call->userdata;

        list_remove(&call->link);
        free(call);
        if (done)
                done(userdata, reply);
}

static void on_answer(LauncherLink *link, const LauncherReply *reply) {
        /* Probes are answered when they end, so answers come in any order; few are under way. */
        LIST_FOREACH(entry, &link->pending) {
                PendingCall *call = LIST_ENTRY(entry, PendingCall, link);

                if (call->serial == reply->serial) {
                        pending_settle(call, reply);
                        return;
                }
        }
}

static void on_received(void *userdata, const void *data, size_t size, int *fds, size_t n_fds) {
        LauncherLink *link = userdata;
        LauncherReply reply;

        if (size != sizeof(reply))
                return;
        memcpy(&reply, data, sizeof(reply));
        if (reply.version != LAUNCHER_WIRE_VERSION)
                return;
        reply.name[LAUNCHER_NAME_MAX] = '\0';
        reply.scope[LAUNCHER_SCOPE_MAX] = '\0';

        switch (reply.kind) {
        case LAUNCHER_ANSWER:
                on_answer(link, &reply);
                break;
        case LAUNCHER_ENTRY:
                link->handlers.entry(link->handlers.userdata, &reply);
                break;
        case LAUNCHER_EXITED:
                link->handlers.exited(link->handlers.userdata, &reply);
                break;
        default:
                break;
        }
}

static void on_closed(void *userdata, int error) {
        LauncherLink *link = userdata;
        ListLink orphans;

        link->channel = channel_free(link->channel);

        list_init(&orphans);
        LIST_FOREACH(entry, &link->pending) {
                list_remove(entry);
                list_append(&orphans, entry);
        }
        LIST_FOREACH(entry, &orphans)
        pending_settle(LIST_ENTRY(entry, PendingCall, link), NULL);
        link->handlers.gone(link->handlers.userdata);
}

int launcher_connect(LauncherLink *link) {
        const ChannelHandlers handlers = {on_received, on_closed, link};
        _cleanup_(fd_closep) int fd = -1;
        int r;

        if (link->channel)
                return 0;

        fd = packet_connect(LAUNCHER_SOCKET);
        if (fd < 0)
                return fd;
        r = channel_new(&link->channel, link->event, fd, sizeof(LauncherReply), &handlers);
        if (r < 0)
                return r;
        TAKE_FD(fd);
        return 0;
}

int launcher_call(LauncherLink *link, LauncherCall *call) {
        _cleanup_(freep) PendingCall *pending = NULL;
        int r;

        r = launcher_connect(link);
        if (r < 0)
                return r;

        pending = calloc(1, sizeof(*pending));
        if (!pending)
                return -ENOMEM;
        pending->serial = ++link->serial;
        pending->done = call->done;
        pending->userdata = call->userdata;

        call->request.version = LAUNCHER_WIRE_VERSION;
        call->request.serial = pending->serial;
        r = channel_send(link->channel, &call->request, sizeof(call->request), call->fds,
                         call->n_fds);
        if (r < 0)
                return r;
        list_append(&link->pending, &TAKE_PTR(pending)->link);
        return 0;
}

LauncherLink *launcher_link_free(LauncherLink *link) {
        if (!link)
                return NULL;

        LIST_FOREACH(entry, &link->pending) {
                list_remove(entry);
                free(LIST_ENTRY(entry, PendingCall, link));
        }
        channel_free(link->channel);
        free(link);
        return NULL;
}

int launcher_link_new(LauncherLink **ret, sd_event *event, const LauncherHandlers *handlers) {
        LauncherLink *link;

        link = calloc(1, sizeof(*link));
        if (!link)
                return -ENOMEM;
        link->event = event;
        link->handlers = *handlers;
        list_init(&link->pending);
        *ret = link;
        return 0;
}
