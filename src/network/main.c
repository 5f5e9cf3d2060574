/* SPDX-License-Identifier: ISC */

/*
 * albatross-network: makes and removes taps, and knows the bridges of the host. It is a program of
 * its own because that takes CAP_NET_ADMIN and the kernel's network lock, which others may hold for
 * long; the daemon has no capability, and waits for nobody. It keeps nothing and can be killed at
 * any moment.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "base/listener.h"
#include "base/packet.h"
#include "base/say.h"
#include "network/serve.h"

/* Room for the names of all interfaces that there can be (socket(7), doubled by the kernel). */
#define SEND_SIZE (2 * 1024 * 1024)

static void connection_close(Connection *connection) {
        *connection = (Connection){.fd = fd_close(connection->fd)};
}

static void accept_connection(Network *network) {
        _cleanup_(fd_closep) int fd = listener_accept(network->listener_fd);
        const int send_size = SEND_SIZE;

        if (fd == -EPERM)
                say(LOG_WARNING, "Refused a connection that is not root's");
        network->is_deaf = fd < 0 && fd != -EAGAIN && fd != -EPERM;
        if (fd < 0)
                return;
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send_size, sizeof(send_size));
        for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
                if (network->connections[i].fd < 0) {
                        network->connections[i] = (Connection){.fd = TAKE_FD(fd)};
                        return;
                }
        say(LOG_WARNING, "Refused a connection: there are too many");
}

/* One request at a time, so that all clients have their turns. */
static void receive(Network *network, Connection *connection) {
        static RequestMessage message;
        int fds[PACKET_FDS_MAX];
        size_t n_fds = 0;
        int r;

        /* What a message too short for a serial leaves of the last one must not be taken for its
         * own. */
        memset(&message.request, 0, sizeof(message.request));
        r = packet_receive(connection->fd, &message, sizeof(message), fds, &n_fds);
        if (r == -EAGAIN)
                return;
        if (r == -EMSGSIZE) {
                serve(network, connection, &message, 0, &(const ServeFds){});
                return;
        }
        if (r <= 0) {
                connection->broken = true;
                return;
        }
        serve(network, connection, &message, (size_t) r,
              &(const ServeFds){.fds = fds, .n_fds = n_fds});
        packet_close_fds(fds, n_fds);
}

static int run_once(Network *network) {
        struct pollfd waits[CONNECTIONS_MAX + 2];
        bool looks_again = network->is_deaf || network->bridges.is_torn;
        int r;

        for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
                waits[i] = (struct pollfd){.fd = network->connections[i].fd, .events = POLLIN};
        waits[CONNECTIONS_MAX] = (struct pollfd){
                .fd = network->is_deaf ? -1 : network->listener_fd,
                .events = POLLIN,
        };
        waits[CONNECTIONS_MAX + 1] = (struct pollfd){
                .fd = nl_socket_get_fd(network->bridges.notifications.socket),
                .events = POLLIN,
        };
        if (poll(waits, N_ELEMENTS(waits), looks_again ? LISTENER_PAUSE_MSEC : -1) < 0)
                return errno == EINTR ? 0 : -errno;
        /* Something may have been closed by now, or some time has passed. */
        network->is_deaf = false;

        /* Requests first: they take note of what the kernel has told by themselves. */
        for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
                if (waits[i].revents)
                        receive(network, network->connections + i);
        if (waits[CONNECTIONS_MAX + 1].revents || network->bridges.is_torn) {
                r = host_bridges_update(&network->bridges);
                if (r < 0)
                        return r;
        }
        serve_bridges(network);
        for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
                if (network->connections[i].broken)
                        connection_close(network->connections + i);
        if (waits[CONNECTIONS_MAX].revents)
                accept_connection(network);
        return 0;
}

static int begin(Network *network) {
        int r;

        for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
                network->connections[i] = (Connection){.fd = -1};
        network->listener_fd = listener_inherited();
        if (network->listener_fd < 0) {
                say(LOG_ERR, "No socket was handed over; start albatross-network.socket");
                return network->listener_fd;
        }
        r = netlink_open(&network->netlink, NETLINK_ROUTE, 0);
        if (r < 0)
                return r;
        return host_bridges_open(&network->bridges, &network->netlink);
}

int main(int argc, char **argv) {
        static Network network;
        int r;

        r = begin(&network);
        while (r == 0)
                r = run_once(&network);
        say(LOG_ERR, "Ended: %s", strerror(-r));
        return EXIT_FAILURE;
}
