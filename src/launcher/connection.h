/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * One client of the launcher: root, on the other end of a SEQPACKET socket. What it is to be told
 * and can't take yet is queued, within bounds; while something is queued, nothing more is read
 * from it. Whoever does not read at all is dropped, and never makes the loop wait.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "launcher/loop.h"
#include "launcher/wire.h"

#define CONNECTIONS_MAX 8

/* More than one answer to LAUNCHER_LIST and one end of every child can ever be. */
#define CONNECTION_QUEUE_MAX 16384U

typedef struct Connection Connection;
typedef struct Launcher Launcher;

struct Connection {
        Watch watch;
        ListLink link;
        Launcher *launcher;

        /* Children whose start or end this one waits for, by Child.waiting. */
        ListLink children;

        LauncherReply *queue;
        unsigned first_queued, n_queued, n_allocated;
        bool broken; /* to be freed when its event comes */
};

/* Takes over @fd on success. */
int connection_new(Launcher *launcher, int fd);
Connection *connection_free(Connection *connection);

/* Sends, or queues, or breaks the connection; in any case @connection stays valid. Fills in the
 * version. */
void connection_send(Connection *connection, LauncherReply *reply);

/* An answer that says nothing but @error. */
void connection_answer(Connection *connection, uint64_t serial, int error);
