/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ctl/rates.h"

#define SEC   UINT64_C(1000000)
#define START (UINT64_C(1000) * SEC)
#define CPU   FIGURE_BIT(FIGURE_CPU)
#define SENT  FIGURE_BIT(FIGURE_SENT)

static Sample *add(Samples *samples, const char *name, uint64_t usec) {
        Sample *sample = samples_add(samples);

        assert_non_null(sample);
        snprintf(sample->name, sizeof(sample->name), "%s", name);
        sample->usec = usec;
        sample->start_usec = START;
        return sample;
}

static void with(Sample *sample, Figure figure, uint64_t value) {
        sample->values[figure] = value;
        sample->known |= FIGURE_BIT(figure);
}

/* One unikernel in two samples; the table has it. */
static Table compute(const Sample *before, const Sample *now) {
        Samples first = {.items = (Sample[]){*before}, .n_items = 1};
        Samples second = {.items = (Sample[]){*now}, .n_items = 1};
        Table table;

        assert_int_equal(rates_compute(&table, &first, &second), 0);
        assert_int_equal(table.n_rows, 1);
        return table;
}

static void a_rate_is_by_the_time_between_the_samples(void **state) {
        _cleanup_(samples_done) Samples before = {}, now = {};
        _cleanup_(table_done) Table table = {};
        Sample *sample;

        sample = add(&before, "web", START + 10 * SEC);
        with(sample, FIGURE_CPU, 3 * SEC);
        with(sample, FIGURE_SENT, 1000);
        with(sample, FIGURE_MEMORY, 5000);
        sample = add(&now, "web", START + 12 * SEC);
        with(sample, FIGURE_CPU, 4 * SEC);
        with(sample, FIGURE_SENT, 7000);
        with(sample, FIGURE_MEMORY, 4000);

        assert_int_equal(rates_compute(&table, &before, &now), 0);
        assert_int_equal(table.n_rows, 1);
        assert_string_equal(table.rows[0].name, "web");
        assert_float_equal(table.rows[0].values[FIGURE_CPU], 50, 1e-9);
        assert_float_equal(table.rows[0].values[FIGURE_SENT], 3000, 1e-9);
        assert_float_equal(table.rows[0].values[FIGURE_MEMORY], 4000, 1e-9);
        assert_int_equal(table.rows[0].known, CPU | SENT | FIGURE_BIT(FIGURE_MEMORY));
}

static void what_was_started_in_between_counts_from_then(void **state) {
        Sample before = {.name = "web", .usec = START - SEC, .start_usec = START - 9 * SEC};
        Sample now = {.name = "web", .usec = START + 2 * SEC, .start_usec = START};
        _cleanup_(table_done) Table table = {};

        with(&before, FIGURE_CPU, 8 * SEC);
        with(&now, FIGURE_CPU, SEC);
        table = compute(&before, &now);
        assert_float_equal(table.rows[0].values[FIGURE_CPU], 50, 1e-9);
}

static void a_start_that_is_told_a_little_otherwise_is_the_same(void **state) {
        static const int64_t differences[] = {-49999, -7, -1, 0, 1, 7, 49999};

        for (size_t i = 0; i < N_ELEMENTS(differences); i++) {
                Sample before = {.name = "web", .usec = START + 10 * SEC, .start_usec = START};
                Sample now = {.name = "web", .usec = START + 11 * SEC};
                _cleanup_(table_done) Table table = {};

                now.start_usec = START + (uint64_t) differences[i];
                with(&before, FIGURE_CPU, 9 * SEC);
                with(&now, FIGURE_CPU, 9 * SEC + SEC / 4);
                table = compute(&before, &now);
                assert_float_equal(table.rows[0].values[FIGURE_CPU], 25, 1e-9);
        }
}

static void what_was_started_again_at_once_is_another_run(void **state) {
        Sample before = {.name = "web", .usec = START + 40000, .start_usec = START};
        Sample now = {.name = "web", .usec = START + SEC + 50000, .start_usec = START + 50000};
        _cleanup_(table_done) Table table = {};

        with(&before, FIGURE_CPU, 30000);
        with(&now, FIGURE_CPU, SEC / 2);
        table = compute(&before, &now);
        assert_float_equal(table.rows[0].values[FIGURE_CPU], 50, 1e-9);
}

static void what_is_new_counts_from_its_start(void **state) {
        _cleanup_(samples_done) Samples before = {}, now = {};
        _cleanup_(table_done) Table table = {};

        with(add(&before, "a", START + SEC), FIGURE_CPU, 0);
        with(add(&before, "z", START + SEC), FIGURE_CPU, 0);
        with(add(&now, "m", START + 4 * SEC), FIGURE_CPU, 2 * SEC);
        with(add(&now, "z", START + 2 * SEC), FIGURE_CPU, SEC);

        assert_int_equal(rates_compute(&table, &before, &now), 0);
        assert_int_equal(table.n_rows, 2);
        assert_string_equal(table.rows[0].name, "m");
        assert_float_equal(table.rows[0].values[FIGURE_CPU], 50, 1e-9);
        assert_string_equal(table.rows[1].name, "z");
        assert_float_equal(table.rows[1].values[FIGURE_CPU], 100, 1e-9);
}

static void without_a_first_sample_no_rate_is_known(void **state) {
        _cleanup_(samples_done) Samples now = {};
        _cleanup_(table_done) Table table = {};
        Sample *sample = add(&now, "web", START + SEC);

        with(sample, FIGURE_CPU, 1);
        with(sample, FIGURE_MEMORY, 4096);
        assert_int_equal(rates_compute(&table, NULL, &now), 0);
        assert_int_equal(table.rows[0].known, FIGURE_BIT(FIGURE_MEMORY));
}

static void what_was_not_counted_is_unknown(void **state) {
        Sample before = {.name = "web", .usec = START, .start_usec = 1};
        Sample now = {.name = "web", .usec = START + SEC, .start_usec = 1};
        _cleanup_(table_done) Table table = {};

        with(&now, FIGURE_SENT, 100);
        with(&before, FIGURE_READ, 100);
        table = compute(&before, &now);
        assert_int_equal(table.rows[0].known, 0);
}

static void a_clock_or_counter_that_went_back_tells_nothing(void **state) {
        Sample before = {.name = "web", .usec = START + SEC, .start_usec = 1};
        Sample now = {.name = "web", .usec = START + SEC, .start_usec = 1};
        _cleanup_(table_done) Table table = {}, other = {};

        with(&before, FIGURE_SENT, 100);
        with(&now, FIGURE_SENT, 200);
        table = compute(&before, &now);
        assert_int_equal(table.rows[0].known, 0);
        now.usec += SEC;
        now.values[FIGURE_SENT] = 99;
        other = compute(&before, &now);
        assert_int_equal(other.rows[0].known, 0);
}

static Table table_of(const Rates *rows, size_t n_rows) {
        Table table = {.rows = calloc(n_rows, sizeof(*rows)), .n_rows = n_rows};

        assert_non_null(table.rows);
        memcpy(table.rows, rows, n_rows * sizeof(*rows));
        return table;
}

static void a_path_has_what_is_below_it(void **state) {
        const Rates rows[] = {
                {"a:b:web", 1, {[FIGURE_CPU] = 10}, CPU},
                {"a:bc", 1, {[FIGURE_CPU] = 5, [FIGURE_SENT] = 7}, CPU | SENT},
                {"web", 1, {}, 0},
        };
        _cleanup_(table_done) Table unikernels = table_of(rows, N_ELEMENTS(rows)), paths = {};

        assert_int_equal(rates_by_path(&paths, &unikernels), 0);
        assert_int_equal(paths.n_rows, 3);
        assert_string_equal(paths.rows[0].name, "");
        assert_int_equal(paths.rows[0].n_unikernels, 3);
        assert_float_equal(paths.rows[0].values[FIGURE_CPU], 15, 1e-9);
        assert_int_equal(paths.rows[0].known, CPU | SENT);
        assert_string_equal(paths.rows[1].name, "a");
        assert_int_equal(paths.rows[1].n_unikernels, 2);
        assert_float_equal(paths.rows[1].values[FIGURE_SENT], 7, 1e-9);
        assert_string_equal(paths.rows[2].name, "a:b");
        assert_int_equal(paths.rows[2].n_unikernels, 1);
        assert_int_equal(paths.rows[2].known, CPU);
}

static void nothing_has_no_paths(void **state) {
        _cleanup_(table_done) Table paths = {};

        assert_int_equal(rates_by_path(&paths, &(Table){}), 0);
        assert_int_equal(paths.n_rows, 0);
        rates_sort(&paths, FIGURE_CPU, false);
}

/* "a b c": the names in their order. */
static void assert_order(Table *table, Figure key, bool reverse, const char *expected) {
        char names[256] = "";

        rates_sort(table, key, reverse);
        for (size_t i = 0; i < table->n_rows; i++) {
                strcat(names, i > 0 ? " " : "");
                strcat(names, table->rows[i].name);
        }
        assert_string_equal(names, expected);
}

static void the_largest_is_first_and_the_unknown_last(void **state) {
        const Rates rows[] = {
                {"c", 1, {[FIGURE_CPU] = 1}, CPU},
                {"b", 1, {[FIGURE_CPU] = 1}, CPU},
                {"d", 1, {}, 0},
                {"a", 1, {[FIGURE_CPU] = 0}, CPU},
                {"e", 1, {[FIGURE_CPU] = 9}, CPU},
        };
        _cleanup_(table_done) Table table = table_of(rows, N_ELEMENTS(rows));

        assert_order(&table, FIGURE_CPU, false, "e b c a d");
        assert_order(&table, FIGURE_CPU, true, "a b c e d");
        assert_order(&table, N_FIGURES, false, "a b c d e");
        assert_order(&table, N_FIGURES, true, "e d c b a");
        assert_order(&table, FIGURE_READ, false, "a b c d e");
}

static void figures_have_names(void **state) {
        Figure figure = FIGURE_READ;

        for (Figure each = 0; each <= N_FIGURES; each++) {
                assert_int_equal(figure_from_string(&figure, figure_to_string(each)), 0);
                assert_int_equal(figure, each);
        }
        figure = FIGURE_READ;
        assert_int_equal(figure_from_string(&figure, "CPU"), -EINVAL);
        assert_int_equal(figure_from_string(&figure, ""), -EINVAL);
        assert_int_equal(figure, FIGURE_READ);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_rate_is_by_the_time_between_the_samples),
                cmocka_unit_test(what_was_started_in_between_counts_from_then),
                cmocka_unit_test(a_start_that_is_told_a_little_otherwise_is_the_same),
                cmocka_unit_test(what_was_started_again_at_once_is_another_run),
                cmocka_unit_test(what_is_new_counts_from_its_start),
                cmocka_unit_test(without_a_first_sample_no_rate_is_known),
                cmocka_unit_test(what_was_not_counted_is_unknown),
                cmocka_unit_test(a_clock_or_counter_that_went_back_tells_nothing),
                cmocka_unit_test(a_path_has_what_is_below_it),
                cmocka_unit_test(nothing_has_no_paths),
                cmocka_unit_test(the_largest_is_first_and_the_unknown_last),
                cmocka_unit_test(figures_have_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
