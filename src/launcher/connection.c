/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "launcher/connection.h"
#include "launcher/launcher.h"
#include "launcher/serve.h"

Connection *connection_free(Connection *connection) {
        if (!connection)
                return NULL;
        serve_lost(connection);
        watch_stop(&connection->watch);
        if (list_is_linked(&connection->link))
                connection->launcher->n_connections--;
        list_remove(&connection->link);
        free(connection->queue);
        free(connection);
        return NULL;
}

/* The object lives until the loop sees the hang-up, so that nobody above finds it freed under his
 * hands. */
static void connection_break(Connection *connection) {
        connection->broken = true;
        connection->n_queued = 0;
        (void) shutdown(connection->watch.fd, SHUT_RDWR);
}

static int queue_grow(Connection *connection) {
        unsigned n = MAX_OF(16U, connection->n_allocated * 2);
        LauncherReply *queue = reallocarray(connection->queue, n, sizeof(*queue));

        if (!queue)
                return -ENOMEM;
        connection->queue = queue;
        connection->n_allocated = n;
        return 0;
}

static int queue_append(Connection *connection, const LauncherReply *reply) {
        int r;

        if (connection->n_queued >= CONNECTION_QUEUE_MAX)
                return -ENOBUFS;
        if (connection->first_queued + connection->n_queued == connection->n_allocated &&
            connection->first_queued > 0) {
                memmove(connection->queue, connection->queue + connection->first_queued,
                        connection->n_queued * sizeof(*connection->queue));
                connection->first_queued = 0;
        }
        if (connection->n_queued == connection->n_allocated) {
                r = queue_grow(connection);
                if (r < 0)
                        return r;
        }
        connection->queue[connection->first_queued + connection->n_queued++] = *reply;
        return connection->n_queued == 1 ? watch_change(&connection->watch, EPOLLOUT) : 0;
}

void connection_send(Connection *connection, LauncherReply *reply) {
        int r = -EAGAIN;

        if (connection->broken)
                return;
        reply->version = LAUNCHER_WIRE_VERSION;
        if (connection->n_queued == 0)
                r = packet_send(connection->watch.fd, reply, sizeof(*reply), NULL, 0);
        if (r == -EAGAIN)
                r = queue_append(connection, reply);
        if (r < 0)
                connection_break(connection);
}

void connection_answer(Connection *connection, uint64_t serial, int error) {
        LauncherReply reply = {.kind = LAUNCHER_ANSWER, .serial = serial, .error = error};

        connection_send(connection, &reply);
}

static int connection_flush(Connection *connection) {
        int r;

        while (connection->n_queued > 0) {
                r = packet_send(connection->watch.fd, connection->queue + connection->first_queued,
                                sizeof(*connection->queue), NULL, 0);
                if (r == -EAGAIN)
                        return 0;
                if (r < 0)
                        return r;
                connection->first_queued++;
                connection->n_queued--;
        }

        free(connection->queue);
        connection->queue = NULL;
        connection->first_queued = connection->n_allocated = 0;
        return watch_change(&connection->watch, EPOLLIN);
}

static int connection_receive(Connection *connection) {
        LauncherRequest request = {};
        int fds[PACKET_FDS_MAX];
        size_t n_fds = 0;
        int r;

        r = packet_receive(connection->watch.fd, &request, sizeof(request), fds, &n_fds);
        if (r == -EAGAIN)
                return 0;
        if (r == -EMSGSIZE) {
                connection_answer(connection, request.serial, -EPROTO);
                return 0;
        }
        if (r < 0)
                return r;
        if (r > 0)
                serve(connection, &request, (size_t) r, &(ServeFds){.fds = fds, .n_fds = n_fds});
        packet_close_fds(fds, n_fds);
        return r == 0 ? -ECONNRESET : 0;
}

static void connection_on_ready(Watch *watch, uint32_t events) {
        Connection *connection = LIST_ENTRY(watch, Connection, watch);
        int r = 0;

        if (connection->broken)
                r = -EPIPE;
        else if (events & EPOLLOUT)
                r = connection_flush(connection);
        else if (events & EPOLLIN)
                r = connection_receive(connection);
        else
                r = -ECONNRESET;
        if (r < 0)
                connection_free(connection);
}

int connection_new(Launcher *launcher, int fd) {
        Connection *connection;
        int r;

        if (launcher->n_connections >= CONNECTIONS_MAX)
                return -EUSERS;
        connection = calloc(1, sizeof(*connection));
        if (!connection)
                return -ENOMEM;

        *connection = (Connection){
                .watch = {.fd = -1, .ready = connection_on_ready},
                .launcher = launcher,
        };
        list_init(&connection->children);
        r = watch_start(&connection->watch, launcher->epoll_fd, fd, EPOLLIN);
        if (r < 0) {
                connection_free(connection);
                return r;
        }
        list_append(&launcher->connections, &connection->link);
        launcher->n_connections++;
        return 0;
}
