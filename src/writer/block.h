/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The files of block devices: sparse, root's, 0600, and while an official tender has one, readable
 * and writable for its uid by an access control list.
 */

#include <stdint.h>

#include "writer/state.h"

/* A new file of @size bytes in the tmp of blocks, not on disk yet; returns its fd. Its name is a
 * new one, or @name, which -EEXIST says is taken. */
int block_stage(State *state, uint64_t size, char ret_name[static STATE_STAGED_MAX]);
int block_make_temporary(State *state, const char *name, uint64_t size);

/* Opens @name in the tmp of blocks, to be synchronised. */
int block_open_temporary(State *state, const char *name);

/* Moves it to the block device @target, whatever is there. That it is @target already, the file
 * with the number @inode, is a success; 0 is no file's number. */
int block_replace(State *state, const char *name, const char *target, uint64_t inode);

/* Lets @uid, and nobody else but root, open the block device @name; the other takes that back, and
 * is content when there is no such device. */
int block_grant(State *state, const char *name, uint32_t uid);
int block_revoke(State *state, const char *name);
