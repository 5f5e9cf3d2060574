/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What the programs that take in an image, or the content of a block device, report. Each writes
 * one structure of fixed size to its descriptor 2, in one write(), and never any text: the reader
 * (image/report.h) checks size and version before it looks at anything else, since the writer may
 * have been taken over by its input.
 *
 *   albatross-inflate MAX            0: client's bytes, 1: pipe to store, 2: InflateReport
 *   albatross-store MAX IDLE_SEC     0: pipe, 1: the new file, 2: StoreReport
 *   albatross-read-notes             0: the file, read-only, 1: a pipe that nobody writes to, whose
 *                                    end says that the file is finished, 2: NotesReport
 *
 *   albatross-block-store MAX IDLE_SEC RESERVE
 *                                    0: pipe, 1: the new file, 2: BlockReport
 *   albatross-block-read FORMAT IDLE_SEC
 *                                    0: the file, 1: the client's pipe, 2: BlockReport
 *
 * albatross-store also reads an image out: then 0 is the file and 1 the client's pipe. For a block
 * device albatross-inflate comes first, too; with --plain after MAX it inflates nothing.
 *
 * MAX is in bytes, of what comes out. The exit status is 0 when all is well, 1 when the input was
 * refused (.reason tells why), 2 when the program itself failed (.error). A program that was
 * killed has written no report.
 *
 * Inflate and store run side by side and neither knows how the other ends: an end of file on the
 * pipe may also mean that inflate gave up. The bytes are complete only when both reports say so and
 * both sizes are the same. When one of them fails, its cause is the earliest: inflate's broken
 * pipe (-EPIPE) says that store has ended before, so store's report is then the one to show.
 */

#include <stdint.h>

#define IMAGE_WIRE_VERSION    1U
#define IMAGE_DEVICES_MAX     63 /* mft_abi.h of Solo5: 64 entries, the first one reserved */
#define IMAGE_DEVICE_NAME_MAX 67
#define IMAGE_REASON_MAX      255
#define IMAGE_DIGEST_SIZE     32 /* SHA-256 */

typedef enum ImageTarget {
        IMAGE_TARGET_HVT = 1,
        IMAGE_TARGET_SPT = 2,
        IMAGE_TARGET_VIRTIO = 3,
        IMAGE_TARGET_MUEN = 4,
        IMAGE_TARGET_GENODE = 5,
        IMAGE_TARGET_XEN = 6,
} ImageTarget;

typedef enum ImageDeviceType {
        IMAGE_DEVICE_BLOCK = 1,
        IMAGE_DEVICE_NET = 2,
} ImageDeviceType;

/* A name is 1 to 67 characters of [A-Za-z0-9], and no two devices have the same one. */
typedef struct ImageDevice {
        uint32_t type;
        char name[IMAGE_DEVICE_NAME_MAX + 1];
} ImageDevice;

/* Each report begins like this. When the input was refused, .reason is a sentence without final
 * stop and .error the kind of refusal: -EBADMSG (broken, or not what it should be), -EFBIG (larger
 * than MAX), -ENOSPC (the reserve is reached) or -ETIMEDOUT (no progress). When the program itself
 * failed (a full disk, say), .reason is empty and .error is a negative errno. Otherwise both are
 * empty. */
typedef struct ReportHeader {
        uint32_t version;
        int32_t error;
        char reason[IMAGE_REASON_MAX + 1];
} ReportHeader;

typedef enum InflateFormat {
        INFLATE_PLAIN = 0,
        INFLATE_ZLIB,
        INFLATE_GZIP,
} InflateFormat;

typedef struct InflateReport {
        ReportHeader header;
        uint32_t format;
        uint32_t reserved;
        uint64_t size; /* bytes that came out */
} InflateReport;

typedef struct StoreReport {
        ReportHeader header;
        uint64_t size;
        uint8_t digest[IMAGE_DIGEST_SIZE]; /* SHA-256 of what was written */
} StoreReport;

typedef struct BlockReport {
        ReportHeader header;
        uint64_t size;      /* bytes that came in, or of the device that went out */
        uint64_t n_written; /* to the file or the pipe */
} BlockReport;

typedef struct NotesReport {
        ReportHeader header;
        uint32_t target; /* ImageTarget, or a number that we do not know */
        uint32_t abi_version;
        uint32_t n_devices;
        uint32_t reserved;
        ImageDevice devices[IMAGE_DEVICES_MAX];
} NotesReport;
