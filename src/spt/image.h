/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * An image: an ELF executable whose program headers say what of it goes where in the guest's
 * memory, and whose notes say which interface it was made for and which devices it wants. All of it
 * is hostile input.
 */

#include <stddef.h>
#include <stdint.h>

#include "spt/manifest.h"
#include "spt/refusal.h"

/* A Solo5 image has some ten program headers, of them four segments. */
#define IMAGE_HEADERS_MAX 64U

typedef struct Segment {
        uint64_t address; /* of a page, as is end */
        uint64_t end;
        uint64_t offset; /* in the file: any */
        uint64_t file_size;
        uint64_t memory_size;
        int protection; /* PROT_*, never both writable and executable */
} Segment;

typedef struct Image {
        /* In ascending order, without overlap, inside the guest's memory and the file. */
        Segment segments[IMAGE_HEADERS_MAX];
        size_t n_segments;
        uint64_t entry;
        uint64_t end;
} Image;

/* Checks the image in @fd, a regular file that stays the caller's, for a guest of @mem_size bytes.
 * Nothing is mapped yet. */
int image_read(Image *ret, Manifest *ret_manifest, int fd, uint64_t mem_size, Refusal *refusal);
