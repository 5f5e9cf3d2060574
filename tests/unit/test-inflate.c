/* SPDX-License-Identifier: ISC */

/* The inflater alone: what goes in, what comes out, and what is refused, whatever the pieces. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/inflater.h"

#define DATA_SIZE 300000U

DEFINE_CLEANUP(Inflater *, inflater_free);

typedef struct Sink {
        uint8_t data[2 * DATA_SIZE];
        size_t size;
        int result;
} Sink;

static uint8_t original[DATA_SIZE];
static uint8_t packed[2 * DATA_SIZE];
static Sink sink;

static int sink_take(const void *data, size_t size, void *userdata) {
        Sink *to = userdata;

        if (to->result < 0)
                return to->result;
        assert_true(size <= sizeof(to->data) - to->size);
        memcpy(to->data + to->size, data, size);
        to->size += size;
        return 0;
}

/* Compressible, but not trivially; begins like an ELF file. */
static int fill_original(void **state) {
        for (size_t i = 0; i < sizeof(original); i++)
                original[i] = (uint8_t) ((i * i) >> 7 ^ i % 251);
        memcpy(original, "\177ELF", 4);
        return 0;
}

/* Packs the original behind the @offset bytes that are there; returns the size of all. */
static size_t pack(int window_bits, size_t offset) {
        z_stream stream = {};

        assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, 0), Z_OK);
        stream.next_in = original;
        stream.avail_in = sizeof(original);
        stream.next_out = packed + offset;
        stream.avail_out = (uInt) (sizeof(packed) - offset);
        assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
        deflateEnd(&stream);
        return sizeof(packed) - stream.avail_out;
}

typedef struct Outcome {
        int r;
        InflateFormat format;
        uint64_t size;
        ReportHeader header;
} Outcome;

static Outcome inflate_pieces(const void *data, size_t size, size_t piece, uint64_t max) {
        _cleanup_(inflater_freep) Inflater *inflater = NULL;
        Outcome outcome = {};

        sink.size = 0;
        assert_int_equal(inflater_new(&inflater, max, sink_take, &sink), 0);
        for (size_t done = 0; done < size && outcome.r == 0; done += piece)
                outcome.r = inflater_push(inflater, (const uint8_t *) data + done,
                                          MIN_OF(piece, size - done), &outcome.header);
        if (outcome.r == 0)
                outcome.r = inflater_finish(inflater, &outcome.header);
        outcome.format = inflater_format(inflater);
        outcome.size = inflater_size(inflater);
        assert_int_equal(outcome.size, sink.size);
        return outcome;
}

static void expect_original(size_t packed_size, InflateFormat format) {
        static const size_t pieces[] = {1, 2, 3, 1000, sizeof(packed)};

        for (size_t i = 0; i < N_ELEMENTS(pieces); i++) {
                Outcome outcome = inflate_pieces(packed, packed_size, pieces[i], DATA_SIZE);

                assert_int_equal(outcome.r, 0);
                assert_int_equal(outcome.format, format);
                assert_int_equal(outcome.size, DATA_SIZE);
                assert_memory_equal(sink.data, original, DATA_SIZE);
        }
}

static void expect_refusal(const void *data, size_t size, int error, const char *reason) {
        static const size_t pieces[] = {1, 7, sizeof(packed)};

        for (size_t i = 0; i < N_ELEMENTS(pieces); i++) {
                Outcome outcome = inflate_pieces(data, size, pieces[i], DATA_SIZE);

                assert_int_equal(outcome.r, error);
                assert_int_equal(outcome.header.error, error);
                assert_string_equal(outcome.header.reason, reason);
        }
}

static void passes_plain_data_unchanged(void **state) {
        memcpy(packed, original, sizeof(original));
        expect_original(sizeof(original), INFLATE_PLAIN);
}

static void inflates_zlib_and_gzip_at_every_cut(void **state) {
        expect_original(pack(MAX_WBITS, 0), INFLATE_ZLIB);
        expect_original(pack(MAX_WBITS + 16, 0), INFLATE_GZIP);
        /* A small window gives another first byte. */
        expect_original(pack(9, 0), INFLATE_ZLIB);
}

static void passes_the_smallest_data(void **state) {
        static const struct {
                const char *data;
                size_t size;
        } cases[] = {{"", 0}, {"x", 1}, {"\x1f", 1}, {"\x78", 1}, {"ab", 2}, {"\x1f\x8a", 2}};

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Outcome outcome = inflate_pieces(cases[i].data, cases[i].size, 1, 100);

                assert_int_equal(outcome.r, 0);
                assert_int_equal(outcome.format, INFLATE_PLAIN);
                assert_int_equal(outcome.size, cases[i].size);
                assert_memory_equal(sink.data, cases[i].data, cases[i].size);
        }
}

static void joins_the_members_of_a_gzip_file(void **state) {
        size_t size;
        Outcome outcome;

        size = pack(MAX_WBITS + 16, 0);
        size = pack(MAX_WBITS + 16, size);
        for (size_t piece = 1; piece < 4; piece++) {
                outcome = inflate_pieces(packed, size, piece, UINT64_MAX);
                assert_int_equal(outcome.r, 0);
                assert_int_equal(outcome.size, 2 * DATA_SIZE);
                assert_memory_equal(sink.data, original, DATA_SIZE);
                assert_memory_equal(sink.data + DATA_SIZE, original, DATA_SIZE);
        }

        /* The limit is for all of them together. */
        expect_refusal(packed, size, -EFBIG, "The data is larger than the 300000 bytes allowed");
}

static void refuses_what_follows_the_end(void **state) {
        size_t size;

        size = pack(MAX_WBITS, 0);
        packed[size] = 'x';
        expect_refusal(packed, size + 1, -EBADMSG,
                       "Something follows after the end of the zlib data");
        /* Another zlib stream is garbage, too. */
        pack(MAX_WBITS, size);
        expect_refusal(packed, size + 9, -EBADMSG,
                       "Something follows after the end of the zlib data");

        size = pack(MAX_WBITS + 16, 0);
        packed[size] = '\0';
        expect_refusal(packed, size + 1, -EBADMSG,
                       "Something follows after the end of the gzip data");
        /* Half a member is a truncated one, and a false one a broken one. */
        packed[size] = 0x1f;
        expect_refusal(packed, size + 1, -EBADMSG, "The gzip data ends too early");
        packed[size + 1] = 0x8c;
        expect_refusal(packed, size + 2, -EBADMSG,
                       "The gzip data is broken: incorrect header check");
}

static void refuses_truncated_data_at_every_byte(void **state) {
        for (int gzip = 0; gzip < 2; gzip++) {
                size_t size = pack(MAX_WBITS + 16 * gzip, 0);
                const char *reason =
                        gzip ? "The gzip data ends too early" : "The zlib data ends too early";

                for (size_t cut = 2; cut < 64; cut++)
                        expect_refusal(packed, cut, -EBADMSG, reason);
                for (size_t cut = size - 16; cut < size; cut++)
                        expect_refusal(packed, cut, -EBADMSG, reason);
        }
}

static void refuses_broken_data(void **state) {
        size_t size;

        size = pack(MAX_WBITS, 0);
        packed[size - 1] ^= 1;
        expect_refusal(packed, size, -EBADMSG, "The zlib data is broken: incorrect data check");
        size = pack(MAX_WBITS + 16, 0);
        packed[size - 5] ^= 1;
        expect_refusal(packed, size, -EBADMSG, "The gzip data is broken: incorrect data check");
        packed[size - 5] ^= 1;
        packed[size - 1] ^= 1;
        expect_refusal(packed, size, -EBADMSG, "The gzip data is broken: incorrect length check");
        /* The third kind of block does not exist. */
        expect_refusal("\x78\x9c\x07", 3, -EBADMSG, "The zlib data is broken: invalid block type");
        /* FDICT is set, and the check over both bytes is right. */
        expect_refusal("\x78\xbb\0\0\0\1", 6, -EBADMSG,
                       "The zlib data needs a dictionary to be inflated");
}

static void refuses_one_byte_too_many(void **state) {
        size_t size;

        for (int bits = MAX_WBITS; bits <= MAX_WBITS + 16; bits += 16) {
                Outcome outcome;

                size = pack(bits, 0);
                outcome = inflate_pieces(packed, size, 1000, DATA_SIZE - 1);
                assert_int_equal(outcome.r, -EFBIG);
                assert_true(outcome.size < DATA_SIZE);
                assert_string_equal(outcome.header.reason,
                                    "The data is larger than the 299999 bytes allowed");
        }
        memcpy(packed, original, sizeof(original));
        assert_int_equal(inflate_pieces(packed, DATA_SIZE, 1000, DATA_SIZE - 1).r, -EFBIG);
        assert_int_equal(inflate_pieces("a", 1, 1, 0).r, -EFBIG);
        assert_int_equal(inflate_pieces("", 0, 1, 0).r, 0);
}

/* A thousandfold bomb ends at the limit, long before it is unpacked. */
static void ends_a_bomb_at_the_limit(void **state) {
        _cleanup_(freep) uint8_t *zeros = NULL;
        uLongf size = sizeof(packed);
        Outcome outcome;

        zeros = calloc(1, 64 << 20);
        assert_non_null(zeros);
        assert_int_equal(compress2(packed, &size, zeros, 64 << 20, 9), Z_OK);
        assert_true(size < 70000);
        outcome = inflate_pieces(packed, size, size, 512 * 1024);
        assert_int_equal(outcome.r, -EFBIG);
        assert_true(outcome.size <= 512 * 1024);
}

static void hands_on_the_failure_of_its_sink(void **state) {
        Outcome outcome;

        sink.result = -EPIPE;
        outcome = inflate_pieces("plain", 5, 5, 100);
        assert_int_equal(outcome.r, -EPIPE);
        assert_string_equal(outcome.header.reason, "");
        outcome = inflate_pieces(packed, pack(MAX_WBITS, 0), 100, DATA_SIZE);
        assert_int_equal(outcome.r, -EPIPE);
        assert_string_equal(outcome.header.reason, "");
        sink.result = 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(passes_plain_data_unchanged),
                cmocka_unit_test(inflates_zlib_and_gzip_at_every_cut),
                cmocka_unit_test(passes_the_smallest_data),
                cmocka_unit_test(joins_the_members_of_a_gzip_file),
                cmocka_unit_test(refuses_what_follows_the_end),
                cmocka_unit_test(refuses_truncated_data_at_every_byte),
                cmocka_unit_test(refuses_broken_data),
                cmocka_unit_test(refuses_one_byte_too_many),
                cmocka_unit_test(ends_a_bomb_at_the_limit),
                cmocka_unit_test(hands_on_the_failure_of_its_sink),
        };

        return cmocka_run_group_tests(tests, fill_original, NULL);
}
