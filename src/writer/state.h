/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The state directory, /var/lib/albatross/v1, with its folders held open. The writer is the only
 * one that makes, moves and removes names in it, which is why looking first and acting then is no
 * race here.
 */

#include <stdbool.h>

#include "writer/remains.h"
#include "writer/wire.h"

typedef struct State {
        int folders[WRITER_N_FOLDERS];
        unsigned n_staged; /* files that have been staged so far, for their names */
        Remains remains; /* of files whose names have gone, to be released when that is answered */
        unsigned published; /* folders with names that are not on disk yet: bits by number */
} State;

#define STATE_CLOSED                                                                               \
        {                                                                                          \
                .folders = { -1, -1, -1, -1, -1, -1, -1, -1 }                                      \
        }

/* Makes those folders that are missing, and empties tmp. @directory_fd and @block_fd, the folder of
 * block devices (-1: blocks/ in the other one), stay the caller's; state_close() closes what has
 * been opened, after a failure, too. */
int state_open(State *state, int directory_fd, int block_fd);
void state_close(State *state);

/* 1 to WRITER_NAME_MAX characters, terminated, without "/", and not "." or "..". */
bool state_name_is_valid(const char name[static WRITER_NAME_MAX + 1]);

/* A new file tmp/@name to write to, read-only for everybody who opens it later. Returns the fd. */
int state_make_temporary(State *state, const char *name);

/* Staging: a new file in tmp with @data in it, not on disk yet. Returns its fd; @ret_name is its
 * name. */
#define STATE_STAGED_MAX 32
int state_stage(State *state,
                const void *data,
                size_t size,
                char ret_name[static STATE_STAGED_MAX]);

/* A new file for it in @folder, one of tmp. */
int state_make_staged(State *state, WriterFolder folder, char ret_name[static STATE_STAGED_MAX]);

/* Moves tmp/@name to @folder/@target, whatever is there. */
int state_replace(State *state, const char *name, WriterFolder folder, const char *target);

bool state_has(State *state, WriterFolder folder, const char *name);

/* Returns a fd to read it. */
int state_open_file(State *state, WriterFolder folder, const char *name);

/* Moves tmp/@name, whose content is on disk, to @folder/@target: 1; or removes it when the target
 * is there already: 0. The name itself gets to the disk with state_sync_published(). */
int state_publish(State *state, const char *name, WriterFolder folder, const char *target);

/* That it is not there is a success. */
int state_remove(State *state, WriterFolder folder, const char *name);

/* Where what is in @folder goes. */
WriterFolder state_quarantine_of(WriterFolder folder);

/* Moves @folder/@name to quarantine/@target, or to @target.1, .2 ... when that is taken, cut where
 * the name would be too long. -EEXIST when a great many of these are. */
int state_quarantine(State *state, WriterFolder folder, const char *name, const char *target);

/* Has the names in @folder on disk. */
int state_sync(State *state, WriterFolder folder);

/* Has all published names on disk. */
int state_sync_published(State *state);
