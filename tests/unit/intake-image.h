/* SPDX-License-Identifier: ISC */
#pragma once

/* An image made in memory, right in everything, for tests to spoil. */

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "image/wire.h"

#define N_SEGMENTS    5U
#define ABI_AT        0x200U
#define MANIFEST_AT   0x400U
#define TEXT_AT       0x2000U
#define DATA_AT       0x3000U
#define IMAGE_SIZE    0x4000U
#define ABI_TYPE      0x31494241U
#define MANIFEST_TYPE 0x3154464dU

/* Its segments. */
enum { TEXT, DATA, BSS, ABI, MANIFEST };

typedef struct TestNote {
        uint32_t name_size, content_size, type;
        char name[8];
} TestNote;

typedef struct TestEntry {
        char name[68];
        uint32_t type;
        uint8_t device[16], backing[8], attached, padding[7];
} TestEntry;

typedef struct TestManifest {
        TestNote note;
        uint32_t padding, version, n_entries;
        TestEntry entries[64];
} TestManifest;

typedef struct TestImage {
        union {
                Elf64_Ehdr elf;
                uint8_t bytes[IMAGE_SIZE];
        };
        size_t size;
} TestImage;

_Static_assert(sizeof(TestEntry) == 104, "as in mft_abi.h");

extern NotesReport report;

/* An spt image, ABI version 2, with the network device "service" and the block device "Disk0". */
TestImage *make_image(void);

Elf64_Phdr *segment(TestImage *image, size_t i);
TestNote *abi_note(TestImage *image);
uint32_t *abi_content(TestImage *image);
TestManifest *manifest(TestImage *image);

/* With the sizes that go with it. */
void set_n_entries(TestImage *image, uint32_t n_entries);

/* Reads it into report. */
int read_image(TestImage *image);
void expect_accepted(TestImage *image);
void expect_refusal(TestImage *image, const char *reason);
