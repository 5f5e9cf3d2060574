/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <net/if.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "metrics/exposition.h"

typedef struct Writer {
        FILE *file;
        Format format;
        const Snapshot *snapshot;
        char **labels; /* of each unikernel, without braces */
} Writer;

/* The words of the daemon; another one is told as it is. */
static const char *const states[] = {"stopped",  "starting", "running",
                                     "stopping", "failed",   "waiting"};

/* --- labels --- */

/* What stands between the quotes of a label is UTF-8, with three characters escaped. */
static void write_value(FILE *file, const char *value) {
        const char *end = value + strlen(value);

        while (value < end) {
                uint32_t character;
                size_t n = utf8_decode(value, (size_t) (end - value), &character);

                if (n == 0)
                        fputc('?', file);
                else if (*value == '\n')
                        fputs("\\n", file);
                else if (*value == '\\' || *value == '"')
                        fprintf(file, "\\%c", *value);
                else
                        fwrite(value, 1, n, file);
                value += n > 0 ? n : 1;
        }
}

static void write_label(FILE *file, const char *name, const char *value) {
        fprintf(file, "%s=\"", name);
        write_value(file, value);
        fputc('"', file);
}

static char *make_labels(const Observed *unikernel) {
        const char *colon = strrchr(unikernel->name, ':');
        _cleanup_(freep) char *path = NULL;
        char *text = NULL;
        FILE *file;
        size_t size;

        path = strndup(unikernel->name, colon ? (size_t) (colon - unikernel->name) : 0);
        file = path ? open_memstream(&text, &size) : NULL;
        if (!file)
                return NULL;
        write_label(file, "name", unikernel->name);
        fputc(',', file);
        write_label(file, "path", path);
        if (fclose(file) < 0) {
                free(text);
                return NULL;
        }
        return text;
}

/* --- families --- */

/* What goes before its samples. @suffix: what theirs have behind the name of the family, which is
 * part of it in the older format. */
static void write_head(const Writer *writer, const char *prefix, const Family *family) {
        bool is_new = writer->format == FORMAT_OPENMETRICS;
        const char *type = family->type == FAMILY_COUNTER ? "counter" : "gauge";
        const char *suffix = !is_new && family->type == FAMILY_COUNTER ? "_total" : "";

        fprintf(writer->file, "# TYPE %s%s%s %s\n", prefix, family->name, suffix, type);
        if (is_new && family->unit)
                fprintf(writer->file, "# UNIT %s%s %s\n", prefix, family->name, family->unit);
        fprintf(writer->file, "# HELP %s%s%s %s\n", prefix, family->name, suffix, family->help);
}

/* Those that are more than one number. @type_new is for OpenMetrics, which knows more types. */
static void write_special_head(const Writer *writer,
                               const char *name,
                               const char *type,
                               const char *type_new,
                               const char *help) {
        bool is_info = strcmp(type_new, "info") == 0;
        const char *suffix = is_info && writer->format == FORMAT_TEXT ? "_info" : "";

        fprintf(writer->file, "# TYPE %s%s %s\n# HELP %s%s %s\n", name, suffix,
                writer->format == FORMAT_OPENMETRICS ? type_new : type, name, suffix, help);
}

/* Most of what is written is numbers: fprintf() would take half of the time. */
static void write_whole(FILE *file, uint64_t value) {
        char digits[20], *p = digits + sizeof(digits);

        do
                *--p = (char) ('0' + value % 10);
        while ((value /= 10) > 0);
        (void) fwrite_unlocked(p, 1, (size_t) (digits + sizeof(digits) - p), file);
}

/* Exactly, with no more digits than that takes. */
static void write_decimal(FILE *file, uint64_t value, uint64_t unit) {
        uint64_t fraction = value % unit;
        int digits = 0;

        write_whole(file, value / unit);
        if (fraction == 0)
                return;
        for (uint64_t rest = unit; rest > 1; rest /= 10)
                digits++;
        for (; fraction % 10 == 0; fraction /= 10)
                digits--;
        fprintf(file, ".%0*" PRIu64, digits, fraction);
}

static void write_ratio(FILE *file, uint64_t bits) {
        double percent;

        memcpy(&percent, &bits, sizeof(percent));
        if (isfinite(percent))
                fprintf(file, "%.9g", percent / 100);
        else
                fputs(isnan(percent) ? "NaN" : percent > 0 ? "+Inf" : "-Inf", file);
}

static void write_number(FILE *file, FamilyScale scale, uint64_t value) {
        switch (scale) {
        case SCALE_USEC:
                write_decimal(file, value, 1000000);
                break;
        case SCALE_NSEC:
                write_decimal(file, value, 1000000000);
                break;
        case SCALE_PERCENT:
                write_ratio(file, value);
                break;
        case SCALE_BLOCKS:
                write_whole(file, value * 512);
                break;
        case SCALE_BITS:
                write_whole(file, value / 8);
                break;
        case SCALE_IS_UP:
                fputs(value & IFF_UP ? "1" : "0", file);
                break;
        case SCALE_ONE:
        default:
                write_whole(file, value);
        }
}

/* The name of a sample, up to its labels. */
static void write_name(const Writer *writer, const char *prefix, const Family *family) {
        fputs_unlocked(prefix, writer->file);
        fputs_unlocked(family->name, writer->file);
        if (family->type == FAMILY_COUNTER)
                fputs_unlocked("_total", writer->file);
}

static bool has(const Figures *figures, size_t family) {
        return figures->present >> family & 1;
}

static void write_single(const Writer *writer, FamilySubject subject, const Figures *figures) {
        const FamilyTable *table = &family_tables[subject];

        for (size_t i = 0; i < table->n; i++) {
                if (!has(figures, i))
                        continue;
                write_head(writer, table->prefix, &table->families[i]);
                write_name(writer, table->prefix, &table->families[i]);
                fputc_unlocked(' ', writer->file);
                write_number(writer->file, table->families[i].scale, figures->values[i]);
                fputc_unlocked('\n', writer->file);
        }
}

/* --- of unikernels --- */

static void write_unikernel_sample(const Writer *writer, size_t family, size_t which) {
        const FamilyTable *table = &family_tables[OF_UNIKERNEL];
        const Figures *figures = &writer->snapshot->unikernels[which].figures;

        if (!has(figures, family))
                return;
        write_name(writer, table->prefix, &table->families[family]);
        fputc_unlocked('{', writer->file);
        fputs_unlocked(writer->labels[which], writer->file);
        fputs_unlocked("} ", writer->file);
        write_number(writer->file, table->families[family].scale, figures->values[family]);
        fputc_unlocked('\n', writer->file);
}

static void write_interface_samples(const Writer *writer, size_t family, size_t which) {
        const FamilyTable *table = &family_tables[OF_INTERFACE];
        const Observed *unikernel = &writer->snapshot->unikernels[which];

        for (size_t i = 0; i < unikernel->n_interfaces; i++) {
                const Interface *interface = &unikernel->interfaces[i];

                if (!has(&interface->figures, family))
                        continue;
                write_name(writer, table->prefix, &table->families[family]);
                fprintf(writer->file, "{%s,", writer->labels[which]);
                write_label(writer->file, "device", interface->device);
                if (interface->bridge) {
                        fputc(',', writer->file);
                        write_label(writer->file, "bridge", interface->bridge);
                }
                fputs_unlocked("} ", writer->file);
                write_number(writer->file, table->families[family].scale,
                             interface->figures.values[family]);
                fputc_unlocked('\n', writer->file);
        }
}

static bool anybody_has(const Snapshot *snapshot, FamilySubject subject, size_t family) {
        for (size_t i = 0; i < snapshot->n_unikernels; i++) {
                const Observed *unikernel = &snapshot->unikernels[i];

                if (subject == OF_UNIKERNEL && has(&unikernel->figures, family))
                        return true;
                for (size_t j = 0; subject == OF_INTERFACE && j < unikernel->n_interfaces; j++)
                        if (has(&unikernel->interfaces[j].figures, family))
                                return true;
        }
        return false;
}

/* All samples of a family stand together. One that nobody has is left out. */
static void write_figures(const Writer *writer, FamilySubject subject) {
        const FamilyTable *table = &family_tables[subject];
        /* Those that could not be read to their end are not there for some only. */
        size_t n = writer->snapshot->has_statistics ? table->n
                   : subject == OF_UNIKERNEL        ? FIGURES_LISTED
                                                    : 0;

        for (size_t family = 0; family < n; family++) {
                if (!anybody_has(writer->snapshot, subject, family))
                        continue;
                write_head(writer, table->prefix, &table->families[family]);
                for (size_t i = 0; i < writer->snapshot->n_unikernels; i++)
                        if (subject == OF_UNIKERNEL)
                                write_unikernel_sample(writer, family, i);
                        else
                                write_interface_samples(writer, family, i);
        }
}

static void write_infos(const Writer *writer) {
        write_special_head(writer, "albatross_unikernel", "gauge", "info", "What it is.");
        for (size_t i = 0; i < writer->snapshot->n_unikernels; i++) {
                if (!writer->snapshot->unikernels[i].type)
                        continue;
                fprintf(writer->file, "albatross_unikernel_info{%s,", writer->labels[i]);
                write_label(writer->file, "type", writer->snapshot->unikernels[i].type);
                fputs("} 1\n", writer->file);
        }
}

static void write_state(const Writer *writer, size_t which) {
        const char *state = writer->snapshot->unikernels[which].state;

        for (size_t i = 0; i < N_ELEMENTS(states); i++)
                fprintf(writer->file,
                        "albatross_unikernel_state{%s,albatross_unikernel_state=\"%s\"} %d\n",
                        writer->labels[which], states[i], strcmp(state, states[i]) == 0);
}

static void write_states(const Writer *writer) {
        write_special_head(writer, "albatross_unikernel_state", "gauge", "stateset",
                           "Which state it is in: 1 for that one, 0 for the others.");
        for (size_t i = 0; i < writer->snapshot->n_unikernels; i++)
                if (writer->snapshot->unikernels[i].state)
                        write_state(writer, i);
}

/* The kernel has no words for what these are: some count, some don't. */
static void write_counters(const Writer *writer) {
        bool is_there = false;

        for (size_t i = 0; i < writer->snapshot->n_unikernels; i++) {
                const Observed *unikernel = &writer->snapshot->unikernels[i];

                if (unikernel->n_counters > 0 && !is_there)
                        write_special_head(writer, "albatross_unikernel_vmm", "untyped", "unknown",
                                           "What KVM says of the virtual machine.");
                is_there = is_there || unikernel->n_counters > 0;
                for (size_t j = 0; j < unikernel->n_counters; j++) {
                        fprintf(writer->file, "albatross_unikernel_vmm{%s,", writer->labels[i]);
                        write_label(writer->file, "statistic", unikernel->counters[j].name);
                        fprintf(writer->file, "} %" PRIu64 "\n", unikernel->counters[j].value);
                }
        }
}

/* --- all of it --- */

static void write_all(const Writer *writer) {
        /* OpenMetrics has no comments. */
        if (writer->format == FORMAT_TEXT && writer->snapshot->why[0])
                fprintf(writer->file, "# %s\n", writer->snapshot->why);
        write_special_head(writer, "albatross_build", "gauge", "info", "Which version this is.");
        fputs("albatross_build_info{version=\"" ALBATROSS_VERSION "\"} 1\n", writer->file);
        write_special_head(writer, "albatross_up", "gauge", "gauge", "Has the daemon answered.");
        fprintf(writer->file, "albatross_up %d\n", writer->snapshot->is_up);
        write_special_head(writer, "albatross_statistics_up", "gauge", "gauge",
                           "Are the statistics there.");
        fprintf(writer->file, "albatross_statistics_up %d\n", writer->snapshot->has_statistics);
        if (writer->snapshot->is_up) {
                write_single(writer, OF_HOST, &writer->snapshot->host);
                write_single(writer, OF_DAEMON, &writer->snapshot->daemon);
        }
        if (writer->snapshot->n_unikernels > 0) {
                write_infos(writer);
                write_states(writer);
                write_figures(writer, OF_UNIKERNEL);
                write_figures(writer, OF_INTERFACE);
                if (writer->snapshot->has_statistics)
                        write_counters(writer);
        }
        if (writer->format == FORMAT_OPENMETRICS)
                fputs("# EOF\n", writer->file);
}

static void labels_free(char **labels, size_t n) {
        for (size_t i = 0; labels && i < n; i++)
                free(labels[i]);
        free(labels);
}

int exposition_write(const Snapshot *snapshot, Format format, char **ret, size_t *ret_size) {
        Writer writer = {.format = format, .snapshot = snapshot};
        _cleanup_(freep) char *text = NULL;
        size_t n = 0, size = 0;
        bool failed;

        writer.labels = calloc(snapshot->n_unikernels + 1, sizeof(*writer.labels));
        while (writer.labels && n < snapshot->n_unikernels &&
               (writer.labels[n] = make_labels(&snapshot->unikernels[n])))
                n++;
        writer.file =
                writer.labels && n == snapshot->n_unikernels ? open_memstream(&text, &size) : NULL;
        if (!writer.file) {
                labels_free(writer.labels, n);
                return -ENOMEM;
        }
        __fsetlocking(writer.file, FSETLOCKING_BYCALLER);
        write_all(&writer);
        failed = ferror(writer.file);
        labels_free(writer.labels, n);
        if (fclose(writer.file) != 0 || failed)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        *ret_size = size;
        return 0;
}
