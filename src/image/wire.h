/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What the programs that take in an image report, each as one message on descriptor 2... never as
 * text: the reader copies a structure of fixed size and checks its version.
 *
 *   albatross-inflate MAX            0: client's bytes, 1: pipe to store, 2: InflateReport
 *   albatross-store MAX IDLE_SEC     0: pipe, 1: the new file (or a pipe), 2: StoreReport
 *   albatross-read-notes             0: the finished file, read-only, 2: NotesReport
 *
 * MAX is in bytes, of what comes out. The exit status is 0 when the report says so, 1 when the
 * input was refused (.fault tells why), 2 when the program itself failed.
 */

#include <stdbool.h>
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

typedef struct ImageDevice {
        uint32_t type;
        char name[IMAGE_DEVICE_NAME_MAX + 1];
} ImageDevice;

/* Each report begins like this. .error is a negative errno when the program itself failed (a full
 * disk, say); .reason is a sentence without final stop when the input was refused. */
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

typedef struct NotesReport {
        ReportHeader header;
        uint32_t target; /* ImageTarget, or a number that we do not know */
        uint32_t abi_version;
        uint32_t n_devices;
        uint32_t reserved;
        ImageDevice devices[IMAGE_DEVICES_MAX];
} NotesReport;
