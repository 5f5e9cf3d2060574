/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A stream is one end of how bytes go through the programs of the intake: a file, a pipe or a
 * socket, which may be in the hands of somebody who stalls, or hangs up.
 */

#include <poll.h>
#include <stddef.h>

/* Each read and write has this size, at most. */
#define STREAM_CHUNK (256U * 1024U)

/* Waits for @events on @fd, at most @timeout_msec (-1: for ever): -ETIMEDOUT then. -EPIPE as soon
 * as nobody reads what is written to @sink_fd any more (-1: not watched). */
int stream_wait(int fd, short events, int sink_fd, int timeout_msec);

/* Writes all of @data, waiting as above whenever @fd takes nothing at the moment. A descriptor that
 * blocks waits in write() itself, without a limit. */
int stream_write(int fd, const void *data, size_t size, int timeout_msec);

/* Asks for a pipe that holds at least a whole chunk. That it stays smaller does no harm. */
void stream_widen(int pipe_fd);
