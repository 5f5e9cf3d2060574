/* SPDX-License-Identifier: ISC */
#pragma once

#include <stddef.h>

/* Reads a file of the kernel's, NUL-terminated, with as few calls as it takes: there are many of
 * them. A negative errno; -EFBIG: there is more than fits, so that it is not known where it ends.
 */
int file_text(int dir_fd, const char *name, char *ret, size_t size);
