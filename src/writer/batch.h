/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A batch is what has been asked for while the disk was busy. Its requests are carried out in
 * order, but wait for the disk together: all new files are sent to it before the first is waited
 * for, and a folder is synchronised once, however many names in it have changed. Nothing is
 * answered before all of it is on disk; what was not answered may have happened or not, each on
 * its own.
 */

#include <stddef.h>

#include "writer/state.h"
#include "writer/wire.h"

#define BATCH_MAX 128

typedef struct BatchEntry {
        WriterRequest request;
        int error;
        int fd;           /* a staged file until it is on disk, or the descriptor to answer with */
        unsigned touched; /* folders whose names have changed: bits by number */
        char staged[STATE_STAGED_MAX];
        uint64_t number; /* of those whose data is one */
        uint32_t *uids;
        uint32_t n_uids;
        WriterOwner *owners;
        uint32_t n_owners;
} BatchEntry;

typedef struct Batch {
        State *state;
        size_t n_entries;
        BatchEntry entries[BATCH_MAX];
} Batch;

/* Takes one message of @size bytes into @batch, which has room. One that makes no sense is
 * answered with an error like any other. */
void batch_add(Batch *batch, const void *message, size_t size);

/* Takes note that a message came, of whose request only @header is known, but for @error. */
void batch_add_refused(Batch *batch, const WriterRequest *header, int error);

/* Carries out all requests, answers them over @socket_fd and empties the batch. */
int batch_commit(Batch *batch, int socket_fd);
