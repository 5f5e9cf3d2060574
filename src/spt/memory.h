/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The guest's memory: one flat region of our own address space, at the same addresses, that begins
 * empty and gets the image's segments and the boot information.
 */

#include <stdint.h>

#include "spt/arguments.h"
#include "spt/image.h"
#include "spt/manifest.h"
#include "spt/refusal.h"

/* Maps the empty region. It stays until the process ends. */
int memory_map(uint64_t mem_size, Refusal *refusal);

/* Puts the segments into the mapped region, where possible as the pages of the file @fd itself. */
int memory_load(const Image *image, int fd, Refusal *refusal);

/* Writes what the guest is told at its entry. */
void memory_write_boot_info(const BootInfo *info,
                            const Manifest *manifest,
                            const Arguments *arguments);
