/* SPDX-License-Identifier: ISC */
#pragma once

/* The daemon's end of albatross-writer, or albatross-look-up: requests go out, each answer comes
 * back once, in order. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "writer/wire.h"

typedef struct WriterLink WriterLink;

typedef struct WriterAnswer {
        int error; /* 0 or negative errno; -EPIPE when the writer is gone, -ETIMEDOUT */
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

typedef struct WriterSpec {
        const char *program;
        int state_fd, block_fd; /* -1: none */
        uint64_t patience_usec; /* when it answers nothing for so long, that is told */
        bool is_replaced;       /* and it is ended, with -ETIMEDOUT for what it was at */
} WriterSpec;

/* Starts it upon the state directory and the folder of block devices, which stay the caller's. When
 * it dies another one is started, which is given what the first had not answered; what two of them
 * have not answered is answered by -EPIPE. A new writer empties tmp. */
int writer_link_new(WriterLink **ret, sd_event *event, const WriterSpec *spec);
WriterLink *writer_link_free(WriterLink *link);

/* @done may be NULL. It is called from the event loop only, never from within. */
int writer_order(WriterLink *link, const WriterOrder *order, WriterDone done, void *userdata);
