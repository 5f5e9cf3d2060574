/* SPDX-License-Identifier: ISC */

/*
 * What clients send as an image, packed or not. The first byte is the size of the pieces in which
 * the rest arrives, the second one the limit, in KiB.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "image/inflater.h"

DEFINE_CLEANUP(Inflater *, inflater_free);

/* What came out, as far as two ways of inflating the same can be compared by it. */
typedef struct Outcome {
        int r;
        InflateFormat format;
        uint64_t size, sum;
} Outcome;

static int sink(const void *data, size_t size, void *userdata) {
        const uint8_t *bytes = data;
        Outcome *outcome = userdata;

        property(size > 0, "nothing is not handed on");
        for (size_t i = 0; i < size; i++)
                outcome->sum = outcome->sum * 31 + bytes[i];
        outcome->size += size;
        return 0;
}

static Outcome inflate_pieces(const uint8_t *data, size_t size, size_t piece, uint64_t max) {
        _cleanup_(inflater_freep) Inflater *inflater = NULL;
        ReportHeader header = {};
        Outcome outcome = {};

        property(inflater_new(&inflater, max, sink, &outcome) == 0, "there is memory");
        while (outcome.r == 0 && size > 0) {
                size_t n = MIN_OF(piece, size);
                /* Each piece in memory of its own, which ends where it ends. */
                _cleanup_(freep) void *copy = fuzz_copy(data, n);

                outcome.r = inflater_push(inflater, copy, n, &header);
                data += n;
                size -= n;
        }
        if (outcome.r == 0)
                outcome.r = inflater_finish(inflater, &header);
        outcome.format = inflater_format(inflater);

        property(outcome.size <= max, "no more comes out than is allowed");
        property(outcome.size == inflater_size(inflater), "all that came out was counted");
        property(memchr(header.reason, '\0', sizeof(header.reason)), "a reason is terminated");
        property((outcome.r < 0) == (header.reason[0] != '\0') && outcome.r == header.error,
                 "data is refused with a reason");
        property(outcome.r == 0 || outcome.r == -EBADMSG || outcome.r == -EFBIG,
                 "data is refused in one of two ways");
        return outcome;
}

bool fuzz_input(const uint8_t *data, size_t size) {
        Bytes bytes = {data, size};
        size_t piece = bytes_take(&bytes) + 1U;
        uint64_t max = bytes_take(&bytes) * 1024U;
        Outcome whole = inflate_pieces(bytes.data, bytes.size, bytes.size, max);
        Outcome pieces = inflate_pieces(bytes.data, bytes.size, piece, max);

        property((whole.r == 0) == (pieces.r == 0), "it does not matter how data arrives");
        if (whole.r < 0)
                return false;
        property(whole.format == pieces.format && whole.size == pieces.size &&
                         whole.sum == pieces.sum,
                 "the same comes out however data arrives");
        property(whole.format != INFLATE_PLAIN || whole.size == bytes.size,
                 "plain data passes unchanged");
        return true;
}
