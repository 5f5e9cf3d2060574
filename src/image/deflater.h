/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A deflater makes a gzip stream (RFC 1952) of bytes and of runs of zeros; the latter cost next to
 * nothing, however long they are: what one MiB of them becomes is made once and repeated.
 */

#include <stddef.h>
#include <stdint.h>

typedef struct Deflater Deflater;

/* Takes the next @size bytes of the stream; a negative errno ends it. */
typedef int (*DeflaterSink)(const void *data, size_t size, void *userdata);

/* The caller owns *@ret. */
int deflater_new(Deflater **ret, DeflaterSink sink, void *userdata);
Deflater *deflater_free(Deflater *deflater);

/* The next @size bytes: at most UINT32_MAX. */
int deflater_push(Deflater *deflater, const void *data, size_t size);

/* The next @size bytes are zeros. */
int deflater_push_zeros(Deflater *deflater, uint64_t size);

/* That was all. */
int deflater_finish(Deflater *deflater);
