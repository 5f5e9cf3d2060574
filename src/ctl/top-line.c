/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/human.h"
#include "ctl/top-line.h"

#define NAME_WIDTH_MIN 8

static const struct {
        const char *title, *key;
        int width;
} columns[N_FIGURES] = {
        [FIGURE_CPU] = {"CPU%", "CPUPercent", 7},
        [FIGURE_MEMORY] = {"MEMORY", "MemoryBytes", 9},
        [FIGURE_RECEIVED] = {"RECV/s", "ReceivedBytesPerSecond", 9},
        [FIGURE_SENT] = {"SENT/s", "SentBytesPerSecond", 9},
        [FIGURE_READ] = {"READ/s", "ReadBytesPerSecond", 9},
        [FIGURE_WRITTEN] = {"WRITE/s", "WrittenBytesPerSecond", 9},
};

#define COUNT_WIDTH   11 /* of UNIKERNELS */
#define FIGURES_WIDTH (7 + 5 * 9)

size_t top_name_width(const Table *table, size_t screen_columns) {
        size_t width = NAME_WIDTH_MIN, most = NAME_MAX_LENGTH + 1;

        if (screen_columns > 0)
                most = screen_columns > FIGURES_WIDTH + COUNT_WIDTH + NAME_WIDTH_MIN
                               ? screen_columns - FIGURES_WIDTH - COUNT_WIDTH
                               : NAME_WIDTH_MIN;
        /* Behind a path stands a ":". */
        for (size_t i = 0; i < table->n_rows; i++)
                width = MAX_OF(width, strlen(table->rows[i].name) + 1);
        return MIN_OF(width, most);
}

/* A name that does not fit shows its end, which tells it from its neighbours. */
static int put_name(char *line, const char *name, const TopStyle *style) {
        size_t length = strlen(name), width = style->name_width;

        if (length > width)
                return snprintf(line, TOP_LINE_MAX + 1, "<%s", name + length - width + 1);
        return snprintf(line, TOP_LINE_MAX + 1, "%-*s", (int) width, name);
}

void top_header(const TopStyle *style, char ret[static TOP_LINE_MAX + 1]) {
        int n = put_name(ret, style->by_path ? "PATH" : "NAME", style);

        if (style->by_path)
                n += sprintf(ret + n, "%*s", COUNT_WIDTH, "UNIKERNELS");
        for (Figure figure = 0; figure < N_FIGURES; figure++)
                n += sprintf(ret + n, "%*s", columns[figure].width, columns[figure].title);
}

static void format(double value, Figure figure, char ret[static HUMAN_MAX + 1]) {
        if (figure == FIGURE_CPU)
                snprintf(ret, HUMAN_MAX + 1, "%.1f", value);
        else
                human_size((uint64_t) value, ret);
}

void top_line(const Rates *rates, const TopStyle *style, char ret[static TOP_LINE_MAX + 1]) {
        char name[NAME_MAX_LENGTH + 2];
        int n;

        snprintf(name, sizeof(name), "%s%s", rates->name, style->by_path ? ":" : "");
        n = put_name(ret, name, style);
        if (style->by_path)
                n += sprintf(ret + n, "%*zu", COUNT_WIDTH, rates->n_unikernels);
        for (Figure figure = 0; figure < N_FIGURES; figure++) {
                char text[HUMAN_MAX + 1] = "-";

                if (rates->known & FIGURE_BIT(figure))
                        format(rates->values[figure], figure, text);
                n += sprintf(ret + n, "%*s", columns[figure].width, text);
        }
}

/* Bytes are whole ones. */
static json_t *number_of(double value, Figure figure) {
        return figure == FIGURE_MEMORY ? json_integer((json_int_t) value) : json_real(value);
}

static json_t *object_of(const Rates *rates, bool by_path) {
        json_t *object;

        object = json_pack("{s:s, s:I}", by_path ? "Path" : "Name", rates->name, "NUnikernels",
                           (json_int_t) rates->n_unikernels);
        for (Figure figure = 0; object && figure < N_FIGURES; figure++)
                if ((rates->known & FIGURE_BIT(figure)) &&
                    json_object_set_new(object, columns[figure].key,
                                        number_of(rates->values[figure], figure)) < 0) {
                        json_decref(object);
                        return NULL;
                }
        return object;
}

json_t *top_json(const Table *table, bool by_path) {
        json_t *array = json_array();

        for (size_t i = 0; array && i < table->n_rows; i++)
                if (json_array_append_new(array, object_of(&table->rows[i], by_path)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}
