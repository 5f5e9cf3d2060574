/* SPDX-License-Identifier: ISC */
#pragma once

/* What the files about block devices share. */

#include "manager/blocks.h"
#include "manager/manager-internal.h"

/* --- blocks.c */
/* NULL when there is none; that others may see, and in any case. */
BlockDevice *block_find(Manager *manager, const char *name);
BlockDevice *block_find_any(Manager *manager, const char *name);

/* A new one that nobody sees yet, without a claim. -EEXIST. It stays the manager's. */
int block_new(BlockDevice **ret, Manager *manager, const Name *name, uint64_t size_bytes);

/* It is there no more; its claim is given back. */
void block_forget(BlockDevice *device);

void block_set_state(BlockDevice *device, BlockState state);

/* Tells the observer. */
void block_changed(BlockDevice *device);

/* Opens its file: O_RDONLY or O_RDWR. FAULT_NO_SUCH_BLOCK_DEVICE when it is not what it was. */
int block_open_file(const BlockDevice *device, int flags, Fault *fault);

/* It could not be "made", "written" ... */
int block_refuse(const BlockDevice *device, const char *what, int error, Fault *fault);

/* Looks how much its file occupies; the same for some of those in use. */
void block_look(BlockDevice *device);
void blocks_look(Manager *manager);

/* --- block-use.c */
/* Says in what way it is busy. */
int block_refuse_busy(const BlockDevice *device, Fault *fault);
/* Those that are there of what its configuration names: some may be gone already. */
void blocks_assign_some(Unikernel *unikernel);

/* --- block-transfer.c */
/* What clients bring goes into a new file that replaces that of @device, which is in BLOCK_WRITING,
 * when all of it is there. @done is called exactly once, from the event loop, when this returns 0;
 * or never, when the daemon ends before: then @userdata, plain memory, is freed. @source->fd stays
 * the caller's. */
int block_take_in(BlockDevice *device, const BlockSource *source, ManagerDone done, void *userdata);

/* The content of @device, which is in BLOCK_READING, goes to a new pipe, whose reading end is
 * returned. @done as above. */
int block_hand_out(BlockDevice *device,
                   const BlockReadOrder *order,
                   ManagerDone done,
                   void *userdata,
                   Fault *fault);

/* Those under way; who waits for them is not told. */
void block_transfers_free_all(Manager *manager);
