/* SPDX-License-Identifier: ISC */
#pragma once

/* Zeros need no place in a sparse file: finding them is how holes stay holes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a file system gives, or leaves out, at once; at least that of all that are in use. */
#define ZEROS_UNIT 4096U

bool zeros_only(const void *data, size_t size);

/* The first run of @size bytes at @data, which stand at @offset of the file: how long it is, and
 * whether it is one of zeros. Runs end where units of the file do; 0 when there are no bytes. */
size_t zeros_run(const void *data, size_t size, uint64_t offset, bool *ret_zeros);
