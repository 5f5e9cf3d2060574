/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
/* Input that zlib promises not to change. */
#define ZLIB_CONST
#include <zlib.h>

#include "base/cleanup.h"
#include "image/deflater.h"
#include "image/stream.h"

#define LEVEL 1 /* the fastest */

/* So many zeros at once are repeated. */
#define ZEROS_SIZE (1U << 20)

/* What these become, with room: deflate makes a thousandth of them. */
#define ZEROS_DEFLATED_MAX 8192U

struct Deflater {
        z_stream stream; /* raw deflate: header and trailer are ours, since zeros go past it */
        bool has_stream, has_begun;
        uint32_t crc;
        uint64_t size; /* bytes that went in */
        DeflaterSink sink;
        void *userdata;
        uint8_t zeros[ZEROS_DEFLATED_MAX]; /* a piece of its own: it refers to nothing before it */
        size_t zeros_size;                 /* 0: not made yet */
        uint32_t zeros_crc;
        uint8_t out[STREAM_CHUNK];
};

int deflater_new(Deflater **ret, DeflaterSink sink, void *userdata) {
        Deflater *deflater;

        deflater = calloc(1, sizeof(*deflater));
        if (!deflater)
                return -ENOMEM;
        deflater->sink = sink;
        deflater->userdata = userdata;
        deflater->crc = (uint32_t) crc32(0, NULL, 0);
        if (deflateInit2(&deflater->stream, LEVEL, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL,
                         Z_DEFAULT_STRATEGY) != Z_OK) {
                free(deflater);
                return -ENOMEM;
        }
        deflater->has_stream = true;
        *ret = deflater;
        return 0;
}

Deflater *deflater_free(Deflater *deflater) {
        if (!deflater)
                return NULL;
        if (deflater->has_stream)
                deflateEnd(&deflater->stream);
        free(deflater);
        return NULL;
}

static int begin(Deflater *deflater) {
        /* No name, no time; made fast, on Unix. */
        static const uint8_t header[] = {0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, 4, 3};

        if (deflater->has_begun)
                return 0;
        deflater->has_begun = true;
        return deflater->sink(header, sizeof(header), deflater->userdata);
}

/* Deflates until zlib has no more to say. */
static int drive(Deflater *deflater, int flush) {
        z_stream *stream = &deflater->stream;
        size_t size;
        int r;

        do {
                stream->next_out = deflater->out;
                stream->avail_out = sizeof(deflater->out);
                if (deflate(stream, flush) == Z_STREAM_ERROR)
                        return -EIO;
                size = sizeof(deflater->out) - stream->avail_out;
                r = size > 0 ? deflater->sink(deflater->out, size, deflater->userdata) : 0;
                if (r < 0)
                        return r;
        } while (stream->avail_out == 0);
        return 0;
}

int deflater_push(Deflater *deflater, const void *data, size_t size) {
        int r;

        assert(size <= UINT32_MAX);

        r = begin(deflater);
        if (r < 0)
                return r;
        deflater->crc = (uint32_t) crc32_z(deflater->crc, data, size);
        deflater->size += size;
        deflater->stream.next_in = data;
        deflater->stream.avail_in = (uInt) size;
        return drive(deflater, Z_NO_FLUSH);
}

static int push_small_zeros(Deflater *deflater, uint64_t size) {
        static const uint8_t zeros[4096];
        int r = 0;

        for (size_t n; r >= 0 && size > 0; size -= n) {
                n = (size_t) MIN_OF(size, (uint64_t) sizeof(zeros));
                r = deflater_push(deflater, zeros, n);
        }
        return r;
}

/* A full flush ends on a byte and forgets all before it, so what lies between two of them can be
 * copied. */
static int make_zeros(Deflater *deflater) {
        _cleanup_(freep) uint8_t *zeros = NULL;
        z_stream stream = {};
        int status;

        zeros = calloc(1, ZEROS_SIZE);
        if (!zeros || deflateInit2(&stream, LEVEL, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL,
                                   Z_DEFAULT_STRATEGY) != Z_OK)
                return -ENOMEM;
        stream.next_in = zeros;
        stream.avail_in = ZEROS_SIZE;
        stream.next_out = deflater->zeros;
        stream.avail_out = sizeof(deflater->zeros);
        status = deflate(&stream, Z_FULL_FLUSH);
        deflateEnd(&stream);
        if (status != Z_OK || stream.avail_in > 0 || stream.avail_out == 0)
                return -EIO;
        deflater->zeros_size = sizeof(deflater->zeros) - stream.avail_out;
        deflater->zeros_crc = (uint32_t) crc32_z(0, zeros, ZEROS_SIZE);
        return 0;
}

int deflater_push_zeros(Deflater *deflater, uint64_t size) {
        z_off_t unit = ZEROS_SIZE;
        int r;

        if (size < 2 * (uint64_t) ZEROS_SIZE)
                return push_small_zeros(deflater, size);
        r = begin(deflater);
        if (r >= 0)
                r = deflater->zeros_size > 0 ? 0 : make_zeros(deflater);
        if (r >= 0)
                r = drive(deflater, Z_FULL_FLUSH);
        for (; r >= 0 && size >= ZEROS_SIZE; size -= ZEROS_SIZE) {
                r = deflater->sink(deflater->zeros, deflater->zeros_size, deflater->userdata);
                deflater->crc = (uint32_t) crc32_combine(deflater->crc, deflater->zeros_crc, unit);
                deflater->size += ZEROS_SIZE;
        }
        return r < 0 ? r : push_small_zeros(deflater, size);
}

int deflater_finish(Deflater *deflater) {
        uint32_t trailer[2];
        int r;

        r = begin(deflater);
        if (r >= 0)
                r = drive(deflater, Z_FINISH);
        if (r < 0)
                return r;
        trailer[0] = htole32(deflater->crc);
        trailer[1] = htole32((uint32_t) deflater->size);
        return deflater->sink(trailer, sizeof(trailer), deflater->userdata);
}
