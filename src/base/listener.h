/* SPDX-License-Identifier: ISC */
#pragma once

/* The one listening socket that the service manager hands over, sd_listen_fds(3), close-on-exec and
 * non-blocking. -ENOTCONN when there is none, or more than one. */
int listener_inherited(void);

/* While there is nothing to accept a connection with (no descriptor, no memory), it waits in the
 * socket, which stays readable: to look again at once would only take the CPU from whoever could
 * close something. So it is looked at again after this time. */
#define LISTENER_PAUSE_MSEC 100

/* The next connection, close-on-exec and non-blocking, if it is root's: the socket's mode lets only
 * root in already, this is the second lock on the same door. -EAGAIN: there is none now. -EPERM: it
 * was somebody else's, and is closed. Whatever else: pause. */
int listener_accept(int listener_fd);
