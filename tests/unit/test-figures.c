/* SPDX-License-Identifier: ISC */

/* The table of figures, and the one for people: argument is dbus/statistics.tsv. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "domain/figures.h"

#define N_COLUMNS 7

static const char *path;

/* As the table has them. */
static const char *const units[] = {
        [FIGURE_COUNT] = "-",
        [FIGURE_BYTES] = "bytes",
        [FIGURE_BLOCKS] = "512 bytes",
        [FIGURE_USEC] = "microseconds",
        [FIGURE_UTC] = "microseconds UTC",
        [FIGURE_PERCENT] = "percent",
        [FIGURE_BITS_PER_SECOND] = "bits per second",
        [FIGURE_BITS] = "IFF_ bits",
};

static void has_a_line(const char *where, const FigureInfo *info) {
        const char *const expected[N_COLUMNS - 1] = {
                where,
                info->name,
                (const char[]){info->type, '\0'},
                units[info->unit],
                figure_source_name(info->source),
                info->key[0] ? info->key : "-",
        };
        _cleanup_(file_closep) FILE *file = fopen(path, "re");
        unsigned n_found = 0;
        char line[512];

        assert_non_null(file);
        while (fgets(line, sizeof(line), file)) {
                char *rest = line, *columns[N_COLUMNS];

                if (line[0] == '#')
                        continue;
                line[strcspn(line, "\n")] = '\0';
                for (size_t i = 0; i < N_COLUMNS; i++) {
                        columns[i] = strsep(&rest, "\t");
                        assert_non_null(columns[i]);
                        assert_true(columns[i][0]);
                }
                assert_null(rest);
                if (strcmp(columns[0], where) != 0 || strcmp(columns[1], info->name) != 0)
                        continue;
                n_found++;
                for (size_t i = 0; i < N_COLUMNS - 1; i++)
                        assert_string_equal(columns[i], expected[i]);
        }
        if (n_found != 1)
                fail_msg("%s: %s has %u lines", path, info->name, n_found);
}

static void each_figure_has_its_line_for_people(void **state) {
        for (size_t i = 0; i < N_STATISTICS; i++)
                has_a_line("unikernel", &figure_infos[i]);
        for (size_t i = 0; i < N_INTERFACE_STATISTICS; i++)
                has_a_line("interface", &interface_figure_infos[i]);
}

static void people_read_of_no_other_figure(void **state) {
        _cleanup_(file_closep) FILE *file = fopen(path, "re");
        unsigned n_lines = 0;
        char line[512];

        assert_non_null(file);
        while (fgets(line, sizeof(line), file))
                n_lines += line[0] != '#';
        assert_int_equal(n_lines, N_STATISTICS + N_INTERFACE_STATISTICS);
}

static void check_infos(const FigureInfo *infos, size_t n) {
        for (size_t i = 0; i < n; i++) {
                assert_non_null(infos[i].name);
                assert_non_null(infos[i].key);
                assert_true(strchr("tud", infos[i].type));
                assert_int_equal(!infos[i].measurement, !infos[i].field);
                for (size_t k = 0; k < i; k++)
                        assert_string_not_equal(infos[i].name, infos[k].name);
        }
}

static void no_name_is_given_twice(void **state) {
        check_infos(figure_infos, N_STATISTICS);
        check_infos(interface_figure_infos, N_INTERFACE_STATISTICS);
}

/* parse_file() relies on it. */
static void those_of_one_source_stand_together(void **state) {
        for (size_t i = 1; i < N_STATISTICS; i++)
                for (size_t k = 0; k + 1 < i; k++)
                        if (figure_infos[k].source == figure_infos[i].source)
                                assert_int_equal(figure_infos[i - 1].source,
                                                 figure_infos[i].source);
}

static void names_have_their_units(void **state) {
        static const struct {
                FigureUnit unit;
                const char *suffix;
        } suffixes[] = {
                {FIGURE_BYTES, "Bytes"},     {FIGURE_BLOCKS, "Blocks"},
                {FIGURE_USEC, "USec"},       {FIGURE_UTC, "Timestamp"},
                {FIGURE_PERCENT, "Percent"}, {FIGURE_BITS_PER_SECOND, "BitsPerSecond"},
        };

        for (size_t i = 0; i < N_STATISTICS + N_INTERFACE_STATISTICS; i++) {
                const FigureInfo *info = i < N_STATISTICS
                                                 ? &figure_infos[i]
                                                 : &interface_figure_infos[i - N_STATISTICS];

                for (size_t k = 0; k < N_ELEMENTS(suffixes); k++) {
                        const char *suffix = suffixes[k].suffix;
                        size_t length = strlen(info->name), n = strlen(suffix);
                        bool ends = length >= n && strcmp(info->name + length - n, suffix) == 0;

                        if (ends != (info->unit == suffixes[k].unit))
                                fail_msg("%s and %s", info->name, suffix);
                }
        }
}

static void a_fraction_keeps_all_its_bits(void **state) {
        assert_true(figure_to_double(figure_from_double(12.34)) == 12.34);
        assert_int_equal(figure_from_double(0.0), 0);
}

int main(int argc, char *argv[]) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_figure_has_its_line_for_people),
                cmocka_unit_test(people_read_of_no_other_figure),
                cmocka_unit_test(no_name_is_given_twice),
                cmocka_unit_test(those_of_one_source_stand_together),
                cmocka_unit_test(names_have_their_units),
                cmocka_unit_test(a_fraction_keeps_all_its_bits),
        };

        if (argc != 2)
                return 2;
        path = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
