/* SPDX-License-Identifier: ISC */
#pragma once

/* The daemon's end of albatross-writer: requests go out, each answer comes back once, in order. */

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "writer/wire.h"

typedef struct WriterLink WriterLink;

typedef struct WriterAnswer {
        int error; /* 0 or negative errno; -EPIPE when the writer is gone */
        int *fds;  /* what the handler takes it sets to -1 */
        size_t n_fds;
        const void *data; /* valid during the call only */
        size_t size;
} WriterAnswer;

typedef void (*WriterDone)(void *userdata, const WriterAnswer *answer);

typedef struct WriterOrder {
        WriterVerb verb;
        WriterFolder folder;
        const char *name;
        const char *target;
        const void *data;
        size_t size;
} WriterOrder;

/* Starts the writer upon the state directory @state_fd and the folder of block devices @block_fd,
 * which stay the caller's. When it dies
 * another one is started, which is given what the first had not answered; what two of them have not
 * answered is answered by -EPIPE. A new writer empties tmp. */
int writer_link_new(WriterLink **ret, sd_event *event, int state_fd, int block_fd);
WriterLink *writer_link_free(WriterLink *link);

/* @done may be NULL. It is called from the event loop only, never from within. */
int writer_order(WriterLink *link, const WriterOrder *order, WriterDone done, void *userdata);
