/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "network/netlink.h"

/* The kernel never sends more than that at once (NLMSG_GOODSIZE and its like). */
#define BUFFER_SIZE (64U * 1024U)

/* So many answers or notifications can wait, however many links there are. */
#define RECEIVE_SIZE (8 * 1024 * 1024)

/* The kernel has answered before the sending returns; this is for the day when it has not. */
#define PATIENCE_SEC 10

void netlink_close(Netlink *netlink) {
        nl_socket_free(netlink->socket);
        free(netlink->buffer);
        *netlink = (Netlink) NETLINK_CLOSED;
}

static int socket_open(struct nl_sock *socket, int protocol, uint32_t groups) {
        const struct timeval patience = {.tv_sec = PATIENCE_SEC};
        const int size = RECEIVE_SIZE, one = 1;
        int fd;

        nl_join_groups(socket, (int) groups);
        if (nl_connect(socket, protocol) < 0)
                return errno > 0 ? -errno : -EIO;
        fd = nl_socket_get_fd(socket);
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
                return -errno;
        /* An error alone is told, not the request that it is about again. */
        if (setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)) < 0)
                return -errno;
        return 0;
}

int netlink_open(Netlink *netlink, int protocol, uint32_t groups) {
        int r;

        netlink->buffer = malloc(BUFFER_SIZE);
        netlink->socket = nl_socket_alloc();
        if (!netlink->buffer || !netlink->socket) {
                netlink_close(netlink);
                return -ENOMEM;
        }
        r = socket_open(netlink->socket, protocol, groups);
        if (r < 0)
                netlink_close(netlink);
        return r;
}

struct nl_msg *batch_add(Batch *batch, int type, int flags, const void *fixed, size_t size) {
        struct nl_msg *message;

        if (batch->n == NETLINK_BATCH_MAX)
                return NULL;
        message = nlmsg_alloc_simple(type, flags);
        if (!message)
                return NULL;
        if (nlmsg_append(message, (void *) (uintptr_t) fixed, size, NLMSG_ALIGNTO) < 0) {
                nlmsg_free(message);
                return NULL;
        }
        batch->messages[batch->n++] = message;
        return message;
}

void batch_clear(Batch *batch) {
        for (size_t i = 0; i < batch->n; i++)
                nlmsg_free(batch->messages[i]);
        batch->n = 0;
}

static int batch_send(Netlink *netlink, Batch *batch) {
        struct iovec iov[NETLINK_BATCH_MAX];
        const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
        struct msghdr message = {
                .msg_namelen = sizeof(kernel),
                .msg_iov = iov,
                .msg_iovlen = batch->n,
        };
        const struct sockaddr_nl *address = &kernel;

        memcpy(&message.msg_name, &address, sizeof(address));
        for (size_t i = 0; i < batch->n; i++) {
                struct nlmsghdr *header = nlmsg_hdr(batch->messages[i]);

                nl_complete_msg(netlink->socket, batch->messages[i]);
                header->nlmsg_flags &= (uint16_t) ~NLM_F_ACK;
                /* Of requests that change something, either bit means something else. */
                if (i + 1 == batch->n && (header->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
                        header->nlmsg_flags |= NLM_F_ACK;
                iov[i] = (struct iovec){header, header->nlmsg_len};
                batch->errors[i] = 0;
        }
        if (sendmsg(nl_socket_get_fd(netlink->socket), &message, 0) < 0)
                return -errno;
        return 0;
}

static ssize_t receive(Netlink *netlink, int flags) {
        struct sockaddr_nl from = {};
        socklen_t size = sizeof(from);
        ssize_t n;

        for (;;) {
                n = recvfrom(nl_socket_get_fd(netlink->socket), netlink->buffer, BUFFER_SIZE,
                             flags | MSG_TRUNC, (struct sockaddr *) &from, &size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if ((size_t) n > BUFFER_SIZE)
                        return -EMSGSIZE;
                /* Everybody may send to a netlink socket; only what the kernel says counts. */
                if (from.nl_pid == 0)
                        return n;
        }
}

/* What the kernel says of the batch's own requests, in one datagram. 1 when that was the last. */
static int take_answers(Netlink *netlink, Batch *batch, NetlinkData data, void *userdata) {
        uint32_t first = nlmsg_hdr(batch->messages[0])->nlmsg_seq;
        struct nlmsghdr *header = (struct nlmsghdr *) (void *) netlink->buffer;
        ssize_t n = receive(netlink, 0);
        int size = (int) n, r;

        if (n < 0)
                return n == -EAGAIN ? -ETIMEDOUT : (int) n;
        for (; nlmsg_ok(header, size); header = nlmsg_next(header, &size)) {
                uint32_t i = header->nlmsg_seq - first;

                /* Left over from a batch that was given up. */
                if (i >= batch->n)
                        continue;
                if (header->nlmsg_flags & NLM_F_DUMP_INTR)
                        batch->errors[i] = -EAGAIN;
                if (header->nlmsg_type == NLMSG_DONE) {
                        /* A dump that could not be told to its end says so here. */
                        if (nlmsg_datalen(header) >= (int) sizeof(batch->errors[i]) &&
                            batch->errors[i] == 0)
                                memcpy(&batch->errors[i], nlmsg_data(header),
                                       sizeof(batch->errors[i]));
                        return 1;
                }
                if (header->nlmsg_type == NLMSG_ERROR) {
                        const struct nlmsgerr *error = nlmsg_data(header);

                        if (nlmsg_datalen(header) < (int) sizeof(error->error))
                                return -EBADMSG;
                        /* What it told before may have been refused here. */
                        if (batch->errors[i] == 0)
                                batch->errors[i] = error->error;
                        if (i + 1 == batch->n)
                                return 1;
                        continue;
                }
                r = data ? data(userdata, header) : 0;
                if (r < 0)
                        batch->errors[i] = r;
        }
        return 0;
}

int netlink_talk(Netlink *netlink, Batch *batch, NetlinkData data, void *userdata) {
        int r;

        if (batch->n == 0)
                return 0;
        r = batch_send(netlink, batch);
        while (r == 0)
                r = take_answers(netlink, batch, data, userdata);
        if (r < 0)
                return r;
        for (size_t i = 0; i < batch->n; i++)
                if (batch->errors[i] < 0)
                        return batch->errors[i];
        return 0;
}

int netlink_drain(Netlink *netlink, NetlinkData data, void *userdata) {
        for (;;) {
                struct nlmsghdr *header = (struct nlmsghdr *) (void *) netlink->buffer;
                ssize_t n = receive(netlink, MSG_DONTWAIT);
                int size = (int) n, r;

                if (n == -EAGAIN)
                        return 0;
                if (n < 0)
                        return (int) n;
                for (; nlmsg_ok(header, size); header = nlmsg_next(header, &size)) {
                        r = data(userdata, header);
                        if (r < 0)
                                return r;
                }
        }
}
