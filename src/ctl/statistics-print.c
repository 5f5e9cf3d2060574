/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/colour.h"
#include "ctl/columns.h"
#include "ctl/human.h"
#include "ctl/pager.h"
#include "ctl/statistics.h"
#include "domain/figures.h"

enum {
        COLUMN_NAME,
        COLUMN_CPU,
        COLUMN_TIME,
        COLUMN_MEMORY,
        COLUMN_READ,
        COLUMN_WRITTEN,
        COLUMN_RECEIVED,
        COLUMN_SENT,
        N_COLUMNS
};

static void value_text(const json_t *value, FigureUnit unit, char ret[static HUMAN_MAX + 1]) {
        uint64_t number = (uint64_t) json_integer_value(value);

        if (!value)
                strcpy(ret, "-");
        else if (unit == FIGURE_BYTES)
                human_size(number, ret);
        else if (unit == FIGURE_BLOCKS)
                human_size(number * 512U, ret);
        else if (unit == FIGURE_USEC && number > 0 && number < 1000)
                snprintf(ret, HUMAN_MAX + 1, "%" PRIu64 "us", number);
        else if (unit == FIGURE_USEC)
                human_span(number, ret);
        else if (unit == FIGURE_UTC)
                human_time(number, ret);
        else if (unit == FIGURE_PERCENT)
                snprintf(ret, HUMAN_MAX + 1, "%.1f%%", json_number_value(value));
        else if (unit == FIGURE_BITS)
                snprintf(ret, HUMAN_MAX + 1, "0x%" PRIx64, number);
        else if (unit == FIGURE_BITS_PER_SECOND)
                snprintf(ret, HUMAN_MAX + 1, "%" PRIu64 " Mbit/s", number / 1000000);
        else
                snprintf(ret, HUMAN_MAX + 1, "%" PRIu64, number);
}

/* --- many --- */

/* The first of the two that is there. */
static void figure_text(const json_t *unikernel,
                        Statistic figure,
                        Statistic other,
                        char ret[static HUMAN_MAX + 1]) {
        const json_t *value = json_object_get(unikernel, figure_infos[figure].name);

        if (!value) {
                figure = other;
                value = json_object_get(unikernel, figure_infos[figure].name);
        }
        value_text(value, figure_infos[figure].unit, ret);
}

/* Of all interfaces together. */
static void interfaces_text(const json_t *unikernel,
                            InterfaceStatistic figure,
                            char ret[static HUMAN_MAX + 1]) {
        const json_t *interfaces = json_object_get(unikernel, "Interfaces"), *interface;
        uint64_t sum = 0;
        size_t i;

        strcpy(ret, "-");
        json_array_foreach(interfaces, i, interface) {
                sum += (uint64_t) json_integer_value(
                        json_object_get(interface, interface_figure_infos[figure].name));
                human_size(sum, ret);
        }
}

static int add_line(struct libscols_table *table, const json_t *unikernel) {
        char texts[N_COLUMNS][HUMAN_MAX + 1];
        const char *cells[N_COLUMNS];

        figure_text(unikernel, FIGURE_CPU_PERCENT, FIGURE_CPU_PERCENT, texts[COLUMN_CPU]);
        figure_text(unikernel, FIGURE_CPU_USAGE, FIGURE_RUNTIME, texts[COLUMN_TIME]);
        figure_text(unikernel, FIGURE_MEMORY_CURRENT_BYTES, FIGURE_RSS, texts[COLUMN_MEMORY]);
        figure_text(unikernel, FIGURE_IO_READ_BYTES, FIGURE_INBLOCK, texts[COLUMN_READ]);
        figure_text(unikernel, FIGURE_IO_WRITE_BYTES, FIGURE_OUTBLOCK, texts[COLUMN_WRITTEN]);
        interfaces_text(unikernel, INTERFACE_OUTPUT_BYTES, texts[COLUMN_RECEIVED]);
        interfaces_text(unikernel, INTERFACE_INPUT_BYTES, texts[COLUMN_SENT]);

        cells[COLUMN_NAME] = json_string_value(json_object_get(unikernel, "Name"));
        for (size_t i = COLUMN_NAME + 1; i < N_COLUMNS; i++)
                cells[i] = texts[i];
        return columns_add(table, cells);
}

int statistics_print_table(const json_t *array, const Options *options) {
        static const Column columns[N_COLUMNS] = {
                [COLUMN_NAME] = {"NAME", 0},
                [COLUMN_CPU] = {"CPU", SCOLS_FL_RIGHT},
                [COLUMN_TIME] = {"CPU TIME", SCOLS_FL_RIGHT},
                [COLUMN_MEMORY] = {"MEMORY", SCOLS_FL_RIGHT},
                [COLUMN_READ] = {"READ", SCOLS_FL_RIGHT},
                [COLUMN_WRITTEN] = {"WRITTEN", SCOLS_FL_RIGHT},
                [COLUMN_RECEIVED] = {"RECEIVED", SCOLS_FL_RIGHT},
                [COLUMN_SENT] = {"SENT", SCOLS_FL_RIGHT},
        };
        _cleanup_(columns_unrefp) struct libscols_table *table = NULL;
        _cleanup_(pager_stop) Pager pager = PAGER_NONE;
        const json_t *unikernel;
        size_t i;
        int r;

        r = columns_new(&table, columns, N_COLUMNS, !option_given(options, OPTION_NO_LEGEND));
        json_array_foreach(array, i, unikernel) {
                if (r >= 0)
                        r = add_line(table, unikernel);
        }
        if (r < 0)
                return r;
        pager = pager_start(options);
        return scols_print_table(table);
}

/* --- one --- */

static void print_heading(const char *heading, bool colours) {
        printf("%s%s%s\n", colour_sequence(COLOUR_STRONG, colours), heading,
               colour_sequence(COLOUR_NORMAL, colours));
}

static bool print_figure(const json_t *object, const FigureInfo *info) {
        const json_t *value = json_object_get(object, info->name);
        char text[HUMAN_MAX + 1];

        if (!value)
                return false;
        /* An MTU is not a size that anybody would round. */
        value_text(value,
                   info->type == 'u' && info->unit == FIGURE_BYTES ? FIGURE_COUNT : info->unit,
                   text);
        printf("%32s: %s\n", info->name, text);
        return true;
}

/* What is of the tender, then what is of its control group. */
static void print_figures(const json_t *unikernel, bool of_group, bool colours) {
        bool begun = false;

        for (Statistic figure = 0; figure < N_STATISTICS; figure++) {
                const FigureInfo *info = &figure_infos[figure];

                if (figure_source_is_cgroup(info->source) != of_group ||
                    !json_object_get(unikernel, info->name))
                        continue;
                if (!begun)
                        print_heading(of_group ? "Control group" : "Tender", colours);
                begun = print_figure(unikernel, info);
        }
}

static void print_interface(const json_t *interface, bool colours) {
        const char *device = json_string_value(json_object_get(interface, "Device"));
        const char *bridge = json_string_value(json_object_get(interface, "Bridge"));
        char heading[256];

        snprintf(heading, sizeof(heading), "Network %s (%s%s%s)", device ? device : "-",
                 json_string_value(json_object_get(interface, "Interface")), bridge ? " in " : "",
                 bridge ? bridge : "");
        print_heading(heading, colours);
        for (InterfaceStatistic figure = 0; figure < N_INTERFACE_STATISTICS; figure++)
                (void) print_figure(interface, &interface_figure_infos[figure]);
}

int statistics_print_one(const json_t *unikernel, const Options *options) {
        _cleanup_(pager_stop) Pager pager = PAGER_NONE;
        json_t *counters = json_object_get(unikernel, "VMM");
        const json_t *interface, *value;
        bool colours = colour_wanted();
        const char *key;
        size_t i;

        pager = pager_start(options);
        print_heading(json_string_value(json_object_get(unikernel, "Name")), colours);
        print_figures(unikernel, false, colours);
        print_figures(unikernel, true, colours);
        json_array_foreach(json_object_get(unikernel, "Interfaces"), i, interface) {
                print_interface(interface, colours);
        }
        if (counters)
                print_heading("Virtual machine", colours);
        json_object_foreach(counters, key, value) {
                printf("%32s: %" JSON_INTEGER_FORMAT "\n", key, json_integer_value(value));
        }
        return 0;
}
