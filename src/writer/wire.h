/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What albatrossd asks albatross-writer, its one child, to do: everything that may wait for a disk
 * or for NSS. Requests are carried out in order and answered in order, each with its serial.
 *
 * The socket is a SOCK_SEQPACKET pair, descriptor 3 of the writer; descriptor 4 is the state
 * directory. A message is a header, then .size bytes of data.
 */

#include <stdint.h>

#define WRITER_WIRE_VERSION 1U
#define WRITER_NAME_MAX     255           /* NAME_MAX of Linux */
#define WRITER_DATA_MAX     (96U * 1024U) /* bytes; half of the default socket buffer */
#define WRITER_UIDS_MAX     256U

typedef enum WriterFolder {
        WRITER_UNIKERNELS,
        WRITER_POLICIES,
        WRITER_IMAGES,
        WRITER_BLOCKS,
        WRITER_TMP,
        WRITER_QUARANTINE,
        WRITER_N_FOLDERS,
} WriterFolder;

typedef enum WriterVerb {
        /* The data becomes the whole of .folder/.name: new file, fsync, rename, fsync. */
        WRITER_PUT = 1,
        /* Removes .folder/.name durably. That it is not there is a success. */
        WRITER_REMOVE,
        /* Makes the new file tmp/.name (0600) and answers with a descriptor to write it. */
        WRITER_TEMPORARY,
        /* Moves tmp/.name, whose content is on disk already, to .folder/.target, 0444, durably;
         * answers with a descriptor to read it. When the target is there already, it wins and
         * tmp/.name is removed. */
        WRITER_PUBLISH,
        /* Moves .folder/.name to quarantine/.target durably. */
        WRITER_QUARANTINE_FILE,
        /* The data is an array of uint32_t uids; the answer's data are those of them that NSS
         * does not know. */
        WRITER_FREE_UIDS,
} WriterVerb;

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
