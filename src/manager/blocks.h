/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The block devices of the host: sparse files in the folder of blocks, each a multiple of 1 MiB. A
 * device belongs to at most one unikernel of its path, the one whose configuration names it,
 * running or not. Whatever is done with it (a run, a transfer) has it alone: who comes meanwhile is
 * told that it is busy.
 */

#include <stdint.h>

#include "base/list.h"
#include "manager/manager.h"

typedef struct Claim Claim;
typedef struct UidHold UidHold;

/* Sizes are multiples of this: bytes. */
#define BLOCK_UNIT (UINT64_C(1) << 20)

typedef enum BlockState {
        BLOCK_IDLE,
        BLOCK_IN_USE, /* by a run of the unikernel that it belongs to */
        BLOCK_WRITING,
        BLOCK_READING,
        N_BLOCK_STATES,
} BlockState;

struct BlockDevice {
        Manager *manager;
        Name name;
        uint64_t size_bytes;
        uint64_t allocated_bytes; /* as it was when somebody looked last */
        BlockState state;
        Claim *claim;
        bool is_published; /* its file is there, and others may see it */
        bool is_removing;
        bool is_granted;      /* its file may be opened by a uid of a tender */
        bool is_leaving;      /* belongs to nobody any more when its use ends */
        Unikernel *unikernel; /* that it belongs to; NULL: none */
        ListLink owned;       /* in Unikernel.blocks */
        ListLink in_use;      /* in Manager.blocks_in_use */
};

/* "idle", "in-use", "writing", "reading". */
const char *block_state_to_string(BlockState state);

/* --- for the manager, once */

/* Opens the folder of BlockPath=. */
int blocks_open_folder(Manager *manager, Fault *fault);

/* Reads what is there; what is no device goes to quarantine. Before the records are read. */
int blocks_load(Manager *manager);
void blocks_free_all(Manager *manager);

/* The launcher has told what runs, and what runs is adopted: takes back what other uids were
 * granted of devices that nobody uses. */
void blocks_sweep(Manager *manager);

/* --- for whoever brings a unikernel and its devices together */

/* All that its configuration names belong to @unikernel from now on, or none of them:
 * FAULT_NO_SUCH_BLOCK_DEVICE, FAULT_BLOCK_DEVICE_BUSY. Those that did already still do. */
int blocks_assign(Unikernel *unikernel, Fault *fault);

/* Could all of @wanted belong to it? Nothing is changed. */
int blocks_check(const Unikernel *unikernel, const Devices *wanted, Fault *fault);

/* The same; and nobody else may be reading or writing one of them. */
int blocks_check_open(const Unikernel *unikernel, const Devices *wanted, Fault *fault);

/* Nothing belongs to @unikernel any more: before its configuration is replaced (and the new one
 * assigned), and when it is freed. What it uses still belongs to it until that ends, unless it is
 * assigned again. */
void blocks_unassign(Unikernel *unikernel);

/* For a start: assigns what could not be when its record was read, marks all as in use and opens
 * them for reading and writing, in the order of the configuration; there are
 * config.devices.n_blocks of @ret_fds, and the caller owns them. All or none:
 * FAULT_NO_SUCH_BLOCK_DEVICE, and FAULT_BLOCK_DEVICE_BUSY for one that belongs to another unikernel
 * or is being written or read. */
int blocks_open(Unikernel *unikernel, int ret_fds[], Fault *fault);

/* The run is over, or never began: they are idle again, and nobody else may open their files. The
 * descriptors are the caller's to close, before this. @hold is referred to until the uid can't open
 * them any more. */
void blocks_close(Unikernel *unikernel, UidHold *hold);

/* Notes in its run which devices are the ones that its configuration names. */
int blocks_note(Unikernel *unikernel);

/* The same as blocks_open() for one that was found running, with those that its run has noted; what
 * its configuration names no more is its until that ends. -ENOENT and -EBUSY are returned when
 * not all of them could be marked; those that could be are. */
int blocks_adopt(Unikernel *unikernel);

/* Between blocks_open() and the gate, for a tender that opens its disks by path (/proc/self/fd/N):
 * has the files readable and writable for @uid. @done is called exactly once, from the event loop,
 * when this returns more than 0; 0: there is nothing to wait for. blocks_close() takes it back. */
int blocks_grant(Unikernel *unikernel, uint32_t uid, ManagerDone done, void *userdata);

/* No block device of @unikernel, which does not run, is there any more when its .n_saving is down
 * again, or .blocks_error says why not. unikernel_settle() follows when this returns more than 0;
 * 0: there are none. */
int blocks_remove_owned(Unikernel *unikernel);

/* May they be? FAULT_BLOCK_DEVICE_BUSY while somebody else reads or writes one. */
int blocks_check_remove_owned(const Unikernel *unikernel, Fault *fault);

/* --- requests */

/* Is whoever brings the content still there? The end of a pipe may be his end, too, and then what
 * came is not all. @done is called exactly once, from within or from the event loop. */
typedef void (*BlockConfirmed)(void *done_userdata, bool is_there);
typedef void (*BlockConfirm)(void *userdata, BlockConfirmed done, void *done_userdata);

typedef struct BlockSource {
        int fd;            /* stays the caller's; what is behind it is the client's; -1: none */
        bool is_plain;     /* not to be inflated, whatever it looks like */
        bool is_delegated; /* not root's: it ends when the owners above change */
        BlockConfirm confirm;
        void *userdata;
} BlockSource;

typedef struct BlockCreateOrder {
        Name name;
        uint64_t size_bytes;
        BlockSource source;
} BlockCreateOrder;

typedef struct BlockWriteOrder {
        Name name;
        BlockSource source;
} BlockWriteOrder;

typedef enum BlockCompression {
        BLOCK_COMPRESSION_NONE,
        BLOCK_COMPRESSION_GZIP,
} BlockCompression;

typedef struct BlockReadOrder {
        Name name;
        BlockCompression compression;
        Reader reader;
} BlockReadOrder;

void blocks_create(Manager *manager,
                   const BlockCreateOrder *order,
                   ManagerDone done,
                   void *userdata);
void blocks_write(Manager *manager, const BlockWriteOrder *order, ManagerDone done, void *userdata);
void blocks_remove(Manager *manager, const Name *name, ManagerDone done, void *userdata);

/* Returns a pipe's reading end, which is the caller's, or a negative errno. As many bytes come out
 * as @ret_size says, when they are not compressed; fewer: it went wrong. */
int blocks_read(Manager *manager, const BlockReadOrder *order, uint64_t *ret_size, Fault *fault);

/* The owners of @path have changed: what others than root bring or take below it ends. */
void blocks_revoke(Manager *manager, const Name *path);

/* NULL when there is none that others may see. */
const BlockDevice *blocks_find(Manager *manager, const char *name);

/* Is the name taken, if only by one that is being created? */
bool blocks_know(Manager *manager, const char *name);

/* In the order of their names, those below the path @prefix. The visitor stops it by returning a
 * negative errno, which is then returned. */
typedef int (*BlockVisitor)(void *userdata, const BlockDevice *device);
int blocks_visit(Manager *manager, const char *prefix, BlockVisitor visitor, void *userdata);
