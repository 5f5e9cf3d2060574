/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The two notes that make an executable a Solo5 image: the interface that it was made for, and its
 * manifest. Each must be there exactly once.
 */

#include <stdbool.h>
#include <stddef.h>

#include "spt/manifest.h"
#include "spt/refusal.h"

/* One PT_NOTE at most: the largest manifest, and room for what a linker adds. */
#define NOTES_SIZE_MAX 8192U

typedef struct Notes {
        bool has_abi, has_manifest;
        Manifest manifest;
} Notes;

/* The manifest is large and left as it is: a page that nobody touches costs no instance anything.
 */
void notes_init(Notes *notes);

/* Adds what the @size bytes of one PT_NOTE hold. On failure @notes is not to be used. */
int notes_add(Notes *notes, const void *bytes, size_t size, Refusal *refusal);

/* After the last one. */
int notes_check_complete(const Notes *notes, Refusal *refusal);
