/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A flush of the journal: when it has been answered, all that had been sent to journald before it
 * was asked for can be read.
 */

typedef struct ConsoleFlush {
        int fd;
} ConsoleFlush;

/* Connects to journald, so that it can be asked later on. Failure is no reason not to go on:
 * without a connection, console_flush() waits for as long as journald may take to tell of news. */
void console_flush_connect(ConsoleFlush *flush);

/* Asks, once, and waits, but not for ever. -EPIPE as soon as nobody reads @sink_fd any more.
 * @news_fd becomes readable when journald writes anything, and is not readable now. */
int console_flush(ConsoleFlush *flush, int sink_fd, int news_fd);
