/* SPDX-License-Identifier: ISC */
#pragma once

/* The segments of an image: what a tender would put into a guest's memory. */

#include <libelf.h>
#include <stddef.h>

#include "image/wire.h"

/* Checks those that are to be loaded, and that the entry is inside one. Refusals as in notes.h. */
int segments_check(ReportHeader *header,
                   const Elf64_Ehdr *elf,
                   const Elf64_Phdr *segments,
                   size_t n_segments,
                   size_t file_size);
