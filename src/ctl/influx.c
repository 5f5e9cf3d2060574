/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <string.h>

#include "ctl/influx.h"
#include "domain/figures.h"

/* A line that is being written: nothing of it is, before there is a field. */
typedef struct Line {
        FILE *out;
        const char *measurement;
        const json_t *unikernel;
        const json_t *interface; /* or NULL */
        bool begun;
} Line;

void influx_write_word(FILE *out, const char *word) {
        for (const char *c = word; *c; c++) {
                if (strchr(",= ", *c))
                        putc('\\', out);
                putc(*c == '\\' || (unsigned char) *c < ' ' || *c == '\x7f' ? '_' : *c, out);
        }
}

/* A tag can't be empty: then it is left out. */
static void write_tag(const Line *line, const char *key, const json_t *value) {
        const char *text = json_string_value(value);

        if (!text || !text[0])
                return;
        fprintf(line->out, ",%s=", key);
        influx_write_word(line->out, text);
}

static void write_key(Line *line, const char *key) {
        if (!line->begun) {
                fputs(line->measurement, line->out);
                write_tag(line, "vm", json_object_get(line->unikernel, "Name"));
                if (line->interface) {
                        write_tag(line, "bridge", json_object_get(line->interface, "Bridge"));
                        write_tag(line, "device", json_object_get(line->interface, "Device"));
                }
        }
        putc(line->begun ? ',' : ' ', line->out);
        line->begun = true;
        influx_write_word(line->out, key);
        putc('=', line->out);
}

static void write_seconds(Line *line, const char *key, json_int_t usec) {
        write_key(line, key);
        fprintf(line->out, "%" JSON_INTEGER_FORMAT ".%06d", usec / 1000000, (int) (usec % 1000000));
}

static void write_integer(Line *line, const char *key, const json_t *value) {
        write_key(line, key);
        fprintf(line->out, "%" JSON_INTEGER_FORMAT "i", json_integer_value(value));
}

static void write_figure(Line *line, const FigureInfo *info, const json_t *value) {
        if (info->type == 'd') {
                write_key(line, info->field);
                fprintf(line->out, "%.6g", json_number_value(value));
        } else if (strcmp(info->measurement, "resource_usage") == 0 && info->unit == FIGURE_USEC)
                write_seconds(line, info->field, json_integer_value(value));
        else
                write_integer(line, info->field, value);
}

static void end_line(Line *line) {
        json_int_t usec = json_integer_value(
                json_object_get(line->unikernel, figure_infos[FIGURE_TIMESTAMP].name));

        if (line->begun)
                fprintf(line->out, " %" JSON_INTEGER_FORMAT "000\n", usec);
}

static void write_measurement(FILE *out, const json_t *unikernel, const char *measurement) {
        Line line = {.out = out, .measurement = measurement, .unikernel = unikernel};

        for (Statistic figure = 0; figure < N_STATISTICS; figure++) {
                const FigureInfo *info = &figure_infos[figure];
                const json_t *value = json_object_get(unikernel, info->name);

                if (value && info->measurement && strcmp(info->measurement, measurement) == 0)
                        write_figure(&line, info, value);
        }
        if (strcmp(measurement, "kinfo_mem") == 0) {
                const json_t *now = json_object_get(unikernel, figure_infos[FIGURE_TIMESTAMP].name);
                const json_t *start =
                        json_object_get(unikernel, figure_infos[FIGURE_START_TIMESTAMP].name);

                if (now && start && json_integer_value(now) >= json_integer_value(start))
                        write_seconds(&line, "uptime",
                                      json_integer_value(now) - json_integer_value(start));
        }
        end_line(&line);
}

static void write_interface(FILE *out, const json_t *unikernel, const json_t *interface) {
        Line line = {
                .out = out,
                .measurement = "interface",
                .unikernel = unikernel,
                .interface = interface,
        };

        for (InterfaceStatistic figure = 0; figure < N_INTERFACE_STATISTICS; figure++) {
                const FigureInfo *info = &interface_figure_infos[figure];
                const json_t *value = json_object_get(interface, info->name);

                if (value)
                        write_figure(&line, info, value);
        }
        end_line(&line);
}

void influx_write(FILE *out, const json_t *unikernel) {
        Line counters = {.out = out, .measurement = "vmm", .unikernel = unikernel};
        json_t *vmm = json_object_get(unikernel, "VMM");
        const json_t *interface, *value;
        const char *key;
        size_t i;

        write_measurement(out, unikernel, "resource_usage");
        write_measurement(out, unikernel, "kinfo_mem");
        write_measurement(out, unikernel, "cgroup");
        json_object_foreach(vmm, key, value) {
                write_integer(&counters, key, value);
        }
        end_line(&counters);
        json_array_foreach(json_object_get(unikernel, "Interfaces"), i, interface) {
                write_interface(out, unikernel, interface);
        }
}
