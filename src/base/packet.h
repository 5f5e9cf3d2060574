/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * One message of a SOCK_SEQPACKET socket with the descriptors that travel with it: how the daemon,
 * the launcher and the writer speak with each other.
 */

#include <stddef.h>

/* Program, command line, image and arguments of a tender, and 64 devices. */
#define PACKET_FDS_MAX 68

/* Connects to the socket at @path, without waiting. Returns a non-blocking descriptor. */
int packet_connect(const char *path);

/* Sends @data and copies of @fds, which stay the caller's. Never blocks on a non-blocking socket:
 * -EAGAIN then. Never raises SIGPIPE. */
int packet_send(int socket_fd, const void *data, size_t size, const int *fds, size_t n_fds);

/* Receives one message. Returns its size, 0 when the peer has closed, or a negative errno;
 * -EMSGSIZE for a message larger than @size or with more descriptors than PACKET_FDS_MAX.
 * On success the caller owns the *@ret_n_fds descriptors in @fds (close-on-exec); on failure, and
 * with 0, none.
 * When this process can't have that many, all of them are lost, and the message comes without.
 */
int packet_receive(int socket_fd,
                   void *data,
                   size_t size,
                   int fds[static PACKET_FDS_MAX],
                   size_t *ret_n_fds);

/* Closes @n_fds descriptors and sets them to -1. */
void packet_close_fds(int *fds, size_t n_fds);
