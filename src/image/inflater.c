/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
/* Input that zlib promises not to change. */
#define ZLIB_CONST
#include <zlib.h>

#include "base/cleanup.h"
#include "image/inflater.h"
#include "image/report.h"
#include "image/stream.h"

#define GZIP_FIRST  0x1f
#define GZIP_SECOND 0x8b

typedef enum InflaterState {
        INFLATER_AT_START, /* fewer than two bytes have come */
        INFLATER_PLAIN,
        INFLATER_INSIDE, /* a zlib stream or gzip member */
        INFLATER_AT_END, /* of the last one seen */
} InflaterState;

struct Inflater {
        InflaterState state;
        InflateFormat format;
        uint64_t size, max;
        InflaterSink sink;
        void *userdata;

        /* What has come of the first two bytes. */
        uint8_t start[2];
        size_t n_start;

        bool has_stream;
        z_stream stream;
        uint8_t out[STREAM_CHUNK];
};

int inflater_new(Inflater **ret, uint64_t max, InflaterSink sink, void *userdata) {
        Inflater *inflater;

        inflater = calloc(1, sizeof(*inflater));
        if (!inflater)
                return -ENOMEM;
        inflater->max = max;
        inflater->sink = sink;
        inflater->userdata = userdata;

        *ret = inflater;
        return 0;
}

Inflater *inflater_free(Inflater *inflater) {
        if (!inflater)
                return NULL;
        if (inflater->has_stream)
                inflateEnd(&inflater->stream);
        free(inflater);
        return NULL;
}

static const char *format_name(const Inflater *inflater) {
        return inflater->format == INFLATE_GZIP ? "gzip" : "zlib";
}

static InflateFormat detect(const uint8_t start[static 2]) {
        if (start[0] == GZIP_FIRST && start[1] == GZIP_SECOND)
                return INFLATE_GZIP;
        /* RFC 1950: method 8, a window of at most 32 KiB, and a check over both bytes. */
        if ((start[0] & 0x0f) == Z_DEFLATED && start[0] >> 4 <= 7 &&
            (start[0] << 8 | start[1]) % 31 == 0)
                return INFLATE_ZLIB;
        return INFLATE_PLAIN;
}

static int hand_on(Inflater *inflater, const void *data, size_t size, ReportHeader *header) {
        int r;

        if (size > inflater->max - inflater->size)
                return report_refuse_size(header, inflater->max);
        if (size == 0)
                return 0;
        r = inflater->sink(data, size, inflater->userdata);
        if (r < 0)
                return r;
        inflater->size += size;
        return 0;
}

/* @status is what inflate() said when it made no more progress. */
static int refuse_broken(Inflater *inflater, int status, ReportHeader *header) {
        if (status == Z_MEM_ERROR)
                return -ENOMEM;
        if (status == Z_NEED_DICT)
                return report_refuse(header, -EBADMSG,
                                     "The zlib data needs a dictionary to be inflated");
        return report_refuse(header, -EBADMSG, "The %s data is broken: %s", format_name(inflater),
                             inflater->stream.msg ? inflater->stream.msg : "no details known");
}

/* More bytes after the end of a stream. */
static int begin_member(Inflater *inflater, ReportHeader *header) {
        if (inflater->format != INFLATE_GZIP || *inflater->stream.next_in != GZIP_FIRST)
                return report_refuse(header, -EBADMSG,
                                     "Something follows after the end of the %s data",
                                     format_name(inflater));
        if (inflateReset(&inflater->stream) != Z_OK)
                return -EINVAL;
        inflater->state = INFLATER_INSIDE;
        return 0;
}

static int inflate_all(Inflater *inflater, const void *data, size_t size, ReportHeader *header) {
        z_stream *stream = &inflater->stream;
        int status, r;

        assert(size <= UINT32_MAX);

        stream->next_in = data;
        stream->avail_in = (uInt) size;
        do {
                if (inflater->state == INFLATER_AT_END) {
                        if (stream->avail_in == 0)
                                return 0;
                        r = begin_member(inflater, header);
                        if (r < 0)
                                return r;
                }

                stream->next_out = inflater->out;
                stream->avail_out = sizeof(inflater->out);
                status = inflate(stream, Z_NO_FLUSH);
                /* Z_BUF_ERROR only says that all input is used up already. */
                if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
                        return refuse_broken(inflater, status, header);

                r = hand_on(inflater, inflater->out, sizeof(inflater->out) - stream->avail_out,
                            header);
                if (r < 0)
                        return r;
                if (status == Z_STREAM_END)
                        inflater->state = INFLATER_AT_END;
                /* A full output buffer may have left something inside zlib. */
        } while (stream->avail_in > 0 || stream->avail_out == 0);
        return 0;
}

/* Both bytes that decide are there. */
static int begin(Inflater *inflater, ReportHeader *header) {
        int bits = MAX_WBITS;

        inflater->format = detect(inflater->start);
        if (inflater->format == INFLATE_PLAIN) {
                inflater->state = INFLATER_PLAIN;
                return hand_on(inflater, inflater->start, inflater->n_start, header);
        }
        if (inflater->format == INFLATE_GZIP)
                bits += 16;
        if (inflateInit2(&inflater->stream, bits) != Z_OK)
                return -ENOMEM;
        inflater->has_stream = true;
        inflater->state = INFLATER_INSIDE;
        return inflate_all(inflater, inflater->start, inflater->n_start, header);
}

int inflater_push(Inflater *inflater, const void *data, size_t size, ReportHeader *header) {
        const uint8_t *rest = data;
        int r;

        while (inflater->state == INFLATER_AT_START && size > 0) {
                inflater->start[inflater->n_start++] = *rest++;
                size--;
                if (inflater->n_start == sizeof(inflater->start)) {
                        r = begin(inflater, header);
                        if (r < 0)
                                return r;
                }
        }
        if (size == 0)
                return 0;
        if (inflater->state == INFLATER_PLAIN)
                return hand_on(inflater, rest, size, header);
        return inflate_all(inflater, rest, size, header);
}

int inflater_finish(Inflater *inflater, ReportHeader *header) {
        switch (inflater->state) {
        case INFLATER_AT_START:
                return hand_on(inflater, inflater->start, inflater->n_start, header);
        case INFLATER_INSIDE:
                return report_refuse(header, -EBADMSG, "The %s data ends too early",
                                     format_name(inflater));
        case INFLATER_PLAIN:
        case INFLATER_AT_END:
                return 0;
        default:
                assert(false);
                return -EINVAL;
        }
}

void inflater_set_plain(Inflater *inflater) {
        assert(inflater->state == INFLATER_AT_START && inflater->n_start == 0);
        inflater->state = INFLATER_PLAIN;
}

bool inflater_passes(const Inflater *inflater) {
        return inflater->state == INFLATER_PLAIN;
}

uint64_t inflater_room(const Inflater *inflater) {
        return inflater->max - inflater->size;
}

void inflater_pass(Inflater *inflater, uint64_t size) {
        assert(inflater_passes(inflater) && size <= inflater_room(inflater));
        inflater->size += size;
}

InflateFormat inflater_format(const Inflater *inflater) {
        return inflater->format;
}

uint64_t inflater_size(const Inflater *inflater) {
        return inflater->size;
}
