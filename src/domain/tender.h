/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Tenders, as values: what their files are called, what they say about themselves, and which one
 * runs an image. A tender is for one target (the second half of its name) and one version of its
 * ABI, and the image's must be the same. "solo5-hvt.3" is looked for before the plain "solo5-hvt";
 * what counts is what the program itself says.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "domain/fault.h"

typedef enum TenderKind {
        TENDER_ALBATROSS_SPT, /* ours: takes image and arguments as descriptors */
        TENDER_SOLO5_SPT,
        TENDER_SOLO5_HVT,
        TENDER_N_KINDS,
} TenderKind;

/* Numbers of elf_abi.h of Solo5. */
#define TENDER_TARGET_HVT 1U
#define TENDER_TARGET_SPT 2U

typedef struct TenderName {
        TenderKind kind;
        bool versioned;       /* "solo5-spt.2" */
        uint32_t abi_version; /* of that name */
} TenderName;

/* Is this how a tender's file is called? -EINVAL when it is not. */
int tender_name_parse(TenderName *ret, const char *file);

/* "solo5-spt": the program, without a version. */
const char *tender_kind_name(TenderKind kind);

/* "hvt", "muen": what the images of that target are called; "77" for a number that we do not know,
 * in a buffer of the caller's. */
#define TENDER_TARGET_TEXT_MAX 15
const char *tender_target_name(uint32_t target, char buffer[static TENDER_TARGET_TEXT_MAX + 1]);

uint32_t tender_kind_target(TenderKind kind);

/* What one needs at most beyond the memory of its guest, in bytes: its own, and page tables, which
 * grow with @memory_bytes. tests/system/limits.sh measures it. */
uint64_t tender_kind_overhead(TenderKind kind, uint64_t memory_bytes);

/* Must image and arguments be on its command line, where everybody can read them? */
bool tender_kind_shows_arguments(TenderKind kind);

/* Does it take taps and disks as descriptors? Others find them by name. */
bool tender_kind_takes_descriptors(TenderKind kind);

#define TENDER_VERSION_MAX 31

typedef struct TenderVersion {
        TenderKind kind;
        uint32_t abi_version;
        char text[TENDER_VERSION_MAX + 1]; /* "v0.12.1"; printable */
} TenderVersion;

/* Reads what "--version" printed: a first line "KIND tender, version TEXT" and, somewhere below it,
 * exactly one "ABI version N". @text need not be terminated, and is not trusted. -EBADMSG. */
int tender_version_parse(TenderVersion *ret, const char *text, size_t size);

typedef enum TenderState {
        TENDER_UNASKED, /* nobody knows yet what it is */
        TENDER_USABLE,
        TENDER_REFUSED,
} TenderState;

/* One that was found. */
typedef struct TenderFacts {
        const char *path;
        TenderName name;
        TenderState state;
        uint32_t abi_version; /* a usable one's own */
        const Fault *refusal; /* of a refused one */
} TenderFacts;

typedef struct TenderWanted {
        uint32_t target, abi_version;
        bool prefer_official; /* ours only where there is no other */
} TenderWanted;

/* The one that is to run such an image; @facts are in the order of the folders. When it has not
 * been asked yet it must be, and then this function again. -ENOENT when there is none. */
ssize_t tender_choose(const TenderFacts *facts, size_t n_facts, const TenderWanted *wanted);

/* Says that there is none: what was looked for in @folders ("a, b"), what was found. */
int tender_refuse(Fault *fault,
                  const TenderFacts *facts,
                  size_t n_facts,
                  const TenderWanted *wanted,
                  const char *folders);
