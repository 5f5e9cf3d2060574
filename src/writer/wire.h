/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What albatrossd asks albatross-writer, its one child for that, to do: everything that may wait
 * for a disk; and, in the same words, albatross-look-up, what may wait for NSS. Requests are
 * carried out in order and answered in order, each with its serial; an answer without error says
 * that it is on disk. Requests that wait together go to the disk together, so send what is
 * independent without waiting for answers. Of requests that were not answered when the machine went
 * down, each may have happened or not; send what depends on another one after its answer. What
 * large files took that went or were replaced is free soon after the answer, not before it.
 *
 * A name is 1 to WRITER_NAME_MAX characters without "/", and not "." or "..": -EINVAL. A request
 * that makes no sense is answered with -EBADMSG, -EPROTO (another version), -EOPNOTSUPP (an
 * unknown verb) or -EMSGSIZE. No request ends the writer.
 *
 * The socket is a SOCK_SEQPACKET pair, descriptor 3 of the writer; descriptor 4 is the state
 * directory, descriptor 5, which may be missing, the folder of block devices, when that is another
 * one than blocks/ there. A message is a header, then .size bytes of data.
 */

#include <stdint.h>

#define WRITER_WIRE_VERSION 1U
#define WRITER_NAME_MAX     255            /* NAME_MAX of Linux */
#define WRITER_DATA_MAX     (160U * 1024U) /* bytes; a message fits the default socket buffer */
#define WRITER_UIDS_MAX     256U
#define WRITER_OWNERS_MAX   64U

/* Folders below the state directory. Missing ones are made, mode 0700, and WRITER_TMP is emptied,
 * when the writer starts. */
typedef enum WriterFolder {
        WRITER_UNIKERNELS,
        WRITER_POLICIES,
        WRITER_IMAGES,
        WRITER_BLOCKS,
        WRITER_TMP,
        WRITER_QUARANTINE,
        /* Of block devices, on their file system: the two above, or, where block devices have a
         * folder of their own, two within that whose names no block device can have. */
        WRITER_BLOCK_TMP,
        WRITER_BLOCK_QUARANTINE,
        WRITER_N_FOLDERS,
} WriterFolder;

#define WRITER_BLOCK_TMP_NAME        "_tmp"
#define WRITER_BLOCK_QUARANTINE_NAME "_quarantine"

typedef enum WriterVerb {
        /* The data becomes the whole of .folder/.name: new file, fsync, rename, fsync. */
        WRITER_PUT = 1,
        /* Removes .folder/.name durably. That it is not there is a success. */
        WRITER_REMOVE,
        /* Makes the new file tmp/.name, 0444, and answers with the one descriptor that can write
         * it. -EEXIST when it is there. */
        WRITER_TEMPORARY,
        /* Has the content of tmp/.name on disk and moves it to .folder/.target; answers with a
         * descriptor to read it. When the target is there already, it wins and tmp/.name is
         * removed. The new name is on disk when the next WRITER_PUT is answered: nobody needs it
         * before a record refers to it. */
        WRITER_PUBLISH,
        /* Moves .folder/.name to quarantine/.target durably; to .target.1, .2 ... when that is
         * taken: nothing in there is ever lost to another file. */
        WRITER_QUARANTINE_FILE,
        /* The data is an array of uint32_t uids; the answer's data are those of them that NSS
         * does not know. One that NSS can't tell about is not among them. */
        WRITER_FREE_UIDS,
        /* The data is an array of WriterOwner; the answer's data is the same array, each with what
         * NSS knows of it, or why that is nothing. */
        WRITER_OWNERS,
        /* The data of the next three is one uint64_t. A sparse file of so many bytes, 0600, becomes
         * the block device .name: new file, fsync, rename, fsync. */
        WRITER_MAKE_BLOCK,
        /* Makes such a file as .name in WRITER_BLOCK_TMP and answers with a descriptor that can
         * read and write it. -EEXIST when it is there. */
        WRITER_TEMPORARY_BLOCK,
        /* Has the content of .name in WRITER_BLOCK_TMP on disk and moves it to the block device
         * .target, whatever is there, durably. The data is the number of its inode: where it is
         * .target already, because another writer got that far, all is well. */
        WRITER_REPLACE_BLOCK,
        /* The data is one uint32_t, a uid, which may open the block device .name for reading and
         * writing from now on, until it is revoked; it is the only one. A crash may revoke it. */
        WRITER_GRANT_BLOCK,
        WRITER_REVOKE_BLOCK,
        WRITER_N_VERBS,
} WriterVerb;

typedef enum WriterOwnerKind {
        WRITER_USER = 1,
        WRITER_GROUP,
} WriterOwnerKind;

typedef struct WriterOwner {
        uint32_t kind;
        uint32_t by_id; /* look for the number, not for the name */
        uint32_t id;
        int32_t error;                  /* of the answer: -ENOENT where there is none */
        char name[WRITER_NAME_MAX + 1]; /* NUL-terminated; in the answer as NSS writes it */
} WriterOwner;

typedef struct WriterRequest {
        uint32_t version;
        uint32_t verb;
        uint64_t serial;
        uint32_t folder;
        uint32_t size;
        char name[WRITER_NAME_MAX + 1];
        char target[WRITER_NAME_MAX + 1];
} WriterRequest;

typedef struct WriterReply {
        uint32_t version;
        int32_t error; /* 0 or negative errno */
        uint64_t serial;
        uint32_t size;
        uint32_t reserved;
} WriterReply;
