/* SPDX-License-Identifier: ISC */
#pragma once

/* The programs that run images. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/fault.h"

typedef enum TenderKind {
        TENDER_ALBATROSS_SPT, /* takes image and arguments as descriptors */
} TenderKind;

typedef struct Tender {
        TenderKind kind;
        uint32_t target; /* ELF note of the image: 2 is spt (elf_abi.h of Solo5) */
        uint32_t abi_version;
        uint64_t overhead_bytes; /* what it needs beyond its guest's memory */
        char path[256];
        int fd;
} Tender;

/* Opens our own tender. Refused when it, or a folder above, is writable by anyone but root. */
int tender_open(Tender *ret, const char *path, Fault *fault);
void tender_close(Tender *tender);

/* Opens a program that root is about to have executed, with the same rules. Returns the fd. */
int trusted_open(const char *path, Fault *fault);
