/* SPDX-License-Identifier: ISC */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads from @fd to its end; from one that does not block, what there is. The caller owns *@ret,
 * which is NUL-terminated beyond *@ret_size. -EFBIG when there is more than @max bytes. */
int file_read_fd(int fd, size_t max, char **ret, size_t *ret_size);

/* The same for a path below @dir_fd (AT_FDCWD too). */
int file_read_at(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_size);

/* Reads @size bytes at @offset, fewer only where the file ends. Returns how many. */
ssize_t file_read_piece(int fd, void *data, size_t size, uint64_t offset);

/* Writes all of @data, however often that takes. */
int file_write_all(int fd, const void *data, size_t size);

/* A new memfd with @data in it, sealed against every change, offset 0. Returns the fd. */
int file_memfd(const char *name, const void *data, size_t size);
