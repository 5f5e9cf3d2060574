/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/packet.h"
#include "base/say.h"
#include "network/removal.h"
#include "network/serve.h"

typedef struct ReplyMessage {
        NetworkReply reply;
        NetworkName names[NETWORK_NAMES_MAX];
} ReplyMessage;

/* Never waits: whoever does not read is dropped, and asks again. @fd may be -1. */
static void send_reply(Connection *connection, ReplyMessage *message, int fd) {
        size_t size = sizeof(message->reply) + message->reply.n_names * sizeof(NetworkName);

        message->reply.version = NETWORK_WIRE_VERSION;
        if (connection->broken)
                return;
        if (packet_send(connection->fd, message, size, &fd, fd >= 0) < 0)
                connection->broken = true;
}

static void answer(Connection *connection, uint64_t serial, int error) {
        ReplyMessage message = {
                .reply = {.kind = NETWORK_ANSWER, .serial = serial, .error = error},
        };

        send_reply(connection, &message, -1);
}

/* As many messages as it takes, at least one. */
static void send_names(Connection *connection,
                       const NetworkReply *reply,
                       const NetworkName *names,
                       size_t n_names) {
        ReplyMessage message = {.reply = *reply};
        size_t sent = 0;

        do {
                size_t n = MIN_OF(n_names - sent, (size_t) NETWORK_NAMES_MAX);

                /* @names may be NULL when there are none. */
                if (n > 0)
                        memcpy(message.names, names + sent, n * sizeof(*names));
                sent += n;
                message.reply.n_names = (uint32_t) n;
                message.reply.more = sent < n_names;
                send_reply(connection, &message, -1);
        } while (sent < n_names);
}

static int send_bridges(const Network *network, Connection *connection) {
        const NetworkReply reply = {.kind = NETWORK_BRIDGES};
        _cleanup_(freep) NetworkName *names = NULL;
        size_t n = network->bridges.n;

        names = calloc(n + 1, sizeof(*names));
        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                names[i] = network->bridges.bridges[i].name;
        send_names(connection, &reply, names, n);
        return 0;
}

/* Said once: it is a matter of the kernel's. */
static void check_locking(Network *network, const NetworkName *tap) {
        if (network->locking != LOCKING_UNKNOWN)
                return;
        (void) tap_ask_locking(&network->netlink, tap->text, &network->locking);
        if (network->locking == LOCKING_MISSING)
                say(LOG_WARNING,
                    "This kernel has no locked ports of bridges (5.18 has): a guest can send "
                    "frames with others' MACs, but gets none that are for them");
}

static int serve_make(Network *network, Connection *connection, const NetworkRequest *request) {
        ReplyMessage message = {
                .reply = {.kind = NETWORK_ANSWER, .serial = request->serial},
        };
        _cleanup_(fd_closep) int fd = -1;
        const HostBridge *bridge;
        int index, r;

        r = host_bridges_update(&network->bridges);
        if (r < 0)
                return r;
        bridge = host_bridges_find(&network->bridges, request->bridge.text);
        if (!bridge)
                return -ENODEV;
        index = bridge->index;
        r = tap_make(&network->netlink, request, bridge, &fd, &message.reply.tap);
        if (r < 0) {
                /* Did it fail because the bridge has just gone? */
                (void) host_bridges_update(&network->bridges);
                bridge = host_bridges_find(&network->bridges, request->bridge.text);
                return bridge && bridge->index == index ? r : -ENODEV;
        }

        if (!(request->flags & NETWORK_UNLOCKED))
                check_locking(network, &message.reply.tap);
        send_reply(connection, &message, fd);
        return 0;
}

static int serve_remove(Network *network, const NetworkRequest *request, const NetworkName *names) {
        return taps_remove(&network->netlink, names, request->n_names);
}

static int serve_list(Network *network, Connection *connection, const NetworkRequest *request) {
        const NetworkReply reply = {.kind = NETWORK_ANSWER, .serial = request->serial};
        _cleanup_(freep) NetworkName *names = NULL;
        size_t n_names;
        int r;

        r = taps_list(&network->netlink, &names, &n_names);
        if (r < 0)
                return r;
        send_names(connection, &reply, names, n_names);
        return 0;
}

static int serve_watch(Network *network, Connection *connection) {
        int r;

        /* All that watch are to be told of what changed until now before it is forgotten. */
        r = host_bridges_update(&network->bridges);
        if (r < 0)
                return r;
        serve_bridges(network);
        r = send_bridges(network, connection);
        if (r < 0)
                return r;
        connection->watches_bridges = true;
        return 0;
}

void serve(Network *network,
           Connection *connection,
           const RequestMessage *message,
           size_t size,
           const ServeFds *fds) {
        const NetworkRequest *request = &message->request;
        bool answered = false;
        int r;

        r = request_check(message, size, fds->n_fds);
        if (r == 0)
                switch ((NetworkVerb) request->verb) {
                case NETWORK_MAKE_TAP:
                        r = serve_make(network, connection, request);
                        answered = r == 0;
                        break;
                case NETWORK_PERSIST_TAP:
                        r = tap_persist(fds->fds[0]);
                        break;
                case NETWORK_REMOVE_TAPS:
                        r = serve_remove(network, request, message->names);
                        break;
                case NETWORK_LIST_TAPS:
                        r = serve_list(network, connection, request);
                        answered = r == 0;
                        break;
                case NETWORK_WATCH_BRIDGES:
                        r = serve_watch(network, connection);
                        break;
                }
        if (!answered)
                answer(connection, request->serial, r);
}

void serve_bridges(Network *network) {
        if (!network->bridges.changed)
                return;
        network->bridges.changed = false;
        for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
                Connection *connection = network->connections + i;

                /* One that can't be told is better off asking again. */
                if (connection->fd >= 0 && connection->watches_bridges &&
                    send_bridges(network, connection) < 0)
                        connection->broken = true;
        }
}
