/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * An inflater takes bytes as they arrive and hands on what they stand for. Their first two bytes
 * decide: zlib (RFC 1950), gzip (RFC 1952), or neither, which passes unchanged. No ELF file begins
 * like one of the first two. After the end of a zlib stream nothing may follow; after the end of
 * a gzip member only another member, as gzip(1) itself writes and reads them (the padding with
 * zeros that gzip(1) forgives is refused, as is any other garbage).
 *
 * Pure: no descriptors, no limits but the one given.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/wire.h"

typedef struct Inflater Inflater;

/* Takes the next @size bytes that came out; a negative errno ends it. */
typedef int (*InflaterSink)(const void *data, size_t size, void *userdata);

/* No more than @max bytes come out. The caller owns *@ret. */
int inflater_new(Inflater **ret, uint64_t max, InflaterSink sink, void *userdata);
Inflater *inflater_free(Inflater *inflater);

/* Nothing is to be inflated, whatever it looks like. Before the first byte. */
void inflater_set_plain(Inflater *inflater);

/* Will all that comes from now on pass unchanged? Then it need not be pushed: instead, how much
 * went by is told, at most what inflater_room() says. */
bool inflater_passes(const Inflater *inflater);
uint64_t inflater_room(const Inflater *inflater);
void inflater_pass(Inflater *inflater, uint64_t size);

/* The next @size bytes. A refusal fills @header and is over: nothing may be pushed after it. */
int inflater_push(Inflater *inflater, const void *data, size_t size, ReportHeader *header);

/* There are no more bytes. */
int inflater_finish(Inflater *inflater, ReportHeader *header);

InflateFormat inflater_format(const Inflater *inflater);

/* Bytes that came out until now. */
uint64_t inflater_size(const Inflater *inflater);
