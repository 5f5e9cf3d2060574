/* SPDX-License-Identifier: ISC */
#pragma once

/* Programs that root is about to have executed, tenders above all: whose file it is, and whether it
 * is still the same. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "domain/fault.h"

/* What a file, or a folder's content, is recognised by. */
typedef struct FileStamp {
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec modified, changed;
} FileStamp;

/* Of what is at @path now; a negative errno when there is nothing. */
int file_stamp(const char *path, FileStamp *ret);
bool file_stamp_equal(const FileStamp *a, const FileStamp *b);

/* Opens a program. Refused, with a hint, when it or a folder above, by the name given or by the one
 * that this leads to, is writable by anyone but root, and when not everybody may read and execute
 * it. Returns the fd. @ret_stamp, which may be NULL, is of the opened file. */
int trusted_open(const char *path, FileStamp *ret_stamp, Fault *fault);

/* The group that may use /dev/kvm: 0 when everybody may. Refused when there is no such device, or
 * none but root may. */
int kvm_group(uint32_t *ret, Fault *fault);
