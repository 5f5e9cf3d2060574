/* SPDX-License-Identifier: ISC */
#pragma once

/* A command line as it travels: NUL-terminated strings, one after another, in a sealed memfd. */

#include <stddef.h>

/* Splits @data in place. The caller owns the array *@ret, which ends with NULL and points into
 * @data. -EINVAL when there is no string or the last one is not terminated. */
int argv_split(char *data, size_t size, char ***ret);

/* Maps the command line behind @fd, for the rest of this process, and splits it. Refuses with
 * -EINVAL what isn't a memfd that nobody can change any more, and what is larger than
 * LAUNCHER_ARGV_MAX. Never blocks: a memfd is memory. */
int argv_map(int fd, char ***ret);
