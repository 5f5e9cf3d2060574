/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/packet.h"

typedef union ControlBuffer {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(PACKET_FDS_MAX * sizeof(int))];
} ControlBuffer;

int packet_connect(const char *path) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(fd_closep) int fd = -1;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int packet_send(int socket_fd, const void *data, size_t size, const int *fds, size_t n_fds) {
        ControlBuffer control = {};
        struct iovec iov = {.iov_len = size};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

        /* sendmsg() does not write through this pointer; its type has no const for recvmsg()'s
         * sake. */
        memcpy(&iov.iov_base, &data, sizeof(data));

        if (n_fds > PACKET_FDS_MAX)
                return -EMSGSIZE;
        if (n_fds > 0) {
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
                memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
                message.msg_control = &control;
                message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        }

        for (;;) {
                if (sendmsg(socket_fd, &message, MSG_NOSIGNAL) >= 0)
                        return 0;
                if (errno != EINTR)
                        return -errno;
        }
}

void packet_close_fds(int *fds, size_t n_fds) {
        for (size_t i = 0; i < n_fds; i++)
                fds[i] = fd_close(fds[i]);
}

int packet_receive(int socket_fd,
                   void *data,
                   size_t size,
                   int fds[static PACKET_FDS_MAX],
                   size_t *ret_n_fds) {
        ControlBuffer control = {};
        struct iovec iov = {.iov_base = data, .iov_len = size};
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        size_t n_fds = 0;
        ssize_t n;

        do
                n = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;

        for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
             header = CMSG_NXTHDR(&message, header))
                if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
                        size_t n_here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                        memcpy(fds + n_fds, CMSG_DATA(header), n_here * sizeof(int));
                        n_fds += n_here;
                }

        /* Cut short although there was room for more: this process can't have so many. */
        if (message.msg_flags & MSG_CTRUNC && n_fds < PACKET_FDS_MAX) {
                packet_close_fds(fds, n_fds);
                n_fds = 0;
                message.msg_flags &= ~MSG_CTRUNC;
        }
        if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
                packet_close_fds(fds, n_fds);
                return -EMSGSIZE;
        }
        /* An empty message is taken for the end, and its receiver for somebody who has nothing. */
        if (n == 0) {
                packet_close_fds(fds, n_fds);
                n_fds = 0;
        }
        *ret_n_fds = n_fds;
        return (int) n;
}
