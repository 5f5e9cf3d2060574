/* SPDX-License-Identifier: ISC */
#pragma once

/* The one listening socket that the service manager hands over, sd_listen_fds(3), close-on-exec and
 * non-blocking. -ENOTCONN when there is none, or more than one. */
int listener_inherited(void);
