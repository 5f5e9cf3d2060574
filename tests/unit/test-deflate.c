/* SPDX-License-Identifier: ISC */

/* Zeros as they are found, and what the deflater makes, which the inflater takes back. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/zeros.h"
#include "image/deflater.h"
#include "image/inflater.h"

DEFINE_CLEANUP(Deflater *, deflater_free);
DEFINE_CLEANUP(Inflater *, inflater_free);

typedef struct Bytes {
        char *data;
        size_t size, fail_at; /* 0: never */
} Bytes;

static void bytes_clear(Bytes *bytes) {
        free(bytes->data);
}

static int take(const void *data, size_t size, void *userdata) {
        Bytes *bytes = userdata;

        if (bytes->fail_at > 0 && bytes->size + size >= bytes->fail_at)
                return -EPIPE;
        bytes->data = realloc(bytes->data, bytes->size + size);
        assert_non_null(bytes->data);
        memcpy(bytes->data + bytes->size, data, size);
        bytes->size += size;
        return 0;
}

static void inflate_all(const Bytes *packed, Bytes *ret) {
        _cleanup_(inflater_freep) Inflater *inflater = NULL;
        ReportHeader header = {};

        assert_int_equal(inflater_new(&inflater, UINT64_MAX, take, ret), 0);
        assert_int_equal(inflater_push(inflater, packed->data, packed->size, &header), 0);
        assert_int_equal(inflater_finish(inflater, &header), 0);
        assert_int_equal(inflater_format(inflater), INFLATE_GZIP);
}

static void packs_nothing(void **state) {
        _cleanup_(deflater_freep) Deflater *deflater = NULL;
        _cleanup_(bytes_clear) Bytes packed = {}, back = {};

        assert_int_equal(deflater_new(&deflater, take, &packed), 0);
        assert_int_equal(deflater_finish(deflater), 0);
        inflate_all(&packed, &back);
        assert_int_equal(back.size, 0);
}

static void packs_data_and_zeros_in_any_order(void **state) {
        static const size_t lengths[] = {
                0, 1, 4095, 1 << 20, (2 << 20) - 1, 2 << 20, (5 << 20) + 3};
        static char data[70000];
        _cleanup_(bytes_clear) Bytes expected = {};
        _cleanup_(deflater_freep) Deflater *deflater = NULL;
        _cleanup_(bytes_clear) Bytes packed = {}, back = {};

        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (char) (i * i >> 3);
        assert_int_equal(deflater_new(&deflater, take, &packed), 0);
        for (size_t i = 0; i < N_ELEMENTS(lengths); i++) {
                _cleanup_(freep) char *zeros = calloc(1, lengths[i] + 1);

                assert_int_equal(deflater_push_zeros(deflater, lengths[i]), 0);
                take(zeros, lengths[i], &expected);
                assert_int_equal(deflater_push(deflater, data, sizeof(data)), 0);
                take(data, sizeof(data), &expected);
        }
        assert_int_equal(deflater_finish(deflater), 0);
        inflate_all(&packed, &back);
        assert_int_equal(back.size, expected.size);
        assert_memory_equal(back.data, expected.data, back.size);
}

static void makes_little_of_many_zeros(void **state) {
        _cleanup_(deflater_freep) Deflater *deflater = NULL;
        _cleanup_(bytes_clear) Bytes packed = {};

        assert_int_equal(deflater_new(&deflater, take, &packed), 0);
        assert_int_equal(deflater_push_zeros(deflater, UINT64_C(1) << 30), 0);
        assert_int_equal(deflater_finish(deflater), 0);
        assert_true(packed.size < 1024U * 8192U);
}

static void stops_when_nobody_takes_it(void **state) {
        _cleanup_(deflater_freep) Deflater *deflater = NULL;
        _cleanup_(bytes_clear) Bytes packed = {.fail_at = 20000};

        assert_int_equal(deflater_new(&deflater, take, &packed), 0);
        assert_int_equal(deflater_push_zeros(deflater, UINT64_C(1) << 40), -EPIPE);
}

static void finds_zeros_and_data(void **state) {
        static char data[4 * ZEROS_UNIT];
        bool zeros = false;

        assert_true(zeros_only(data, 0));
        assert_true(zeros_only(data, 15));
        assert_true(zeros_only(data, sizeof(data)));
        for (size_t i = 0; i < 64; i++) {
                data[i] = 1;
                assert_int_equal(zeros_only(data, 64), false);
                assert_int_equal(zeros_only(data, i), true);
                data[i] = 0;
        }

        data[ZEROS_UNIT + 7] = 1;
        assert_int_equal(zeros_run(data, sizeof(data), 0, &zeros), ZEROS_UNIT);
        assert_true(zeros);
        assert_int_equal(zeros_run(data + ZEROS_UNIT, 3 * ZEROS_UNIT, 0, &zeros), ZEROS_UNIT);
        assert_false(zeros);
        assert_int_equal(zeros_run(data + 2 * ZEROS_UNIT, 2 * ZEROS_UNIT, 0, &zeros),
                         2 * ZEROS_UNIT);
        assert_true(zeros);
}

static void ends_runs_where_units_of_the_file_end(void **state) {
        static char data[2 * ZEROS_UNIT];
        bool zeros = false;

        memset(data, 0, sizeof(data));
        data[100] = 1;
        /* The byte stands in the unit that ends 120 bytes from here. */
        assert_int_equal(zeros_run(data, sizeof(data), ZEROS_UNIT - 120, &zeros), 120);
        assert_false(zeros);
        assert_int_equal(zeros_run(data, sizeof(data), ZEROS_UNIT - 90, &zeros), 90);
        assert_true(zeros);
        assert_int_equal(zeros_run(data, 0, 5, &zeros), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(packs_nothing),
                cmocka_unit_test(packs_data_and_zeros_in_any_order),
                cmocka_unit_test(makes_little_of_many_zeros),
                cmocka_unit_test(stops_when_nobody_takes_it),
                cmocka_unit_test(finds_zeros_and_data),
                cmocka_unit_test(ends_runs_where_units_of_the_file_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
