/* SPDX-License-Identifier: ISC */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "statistics/parse.h"

/* The last field of stat(5) that somebody looks at. */
#define STAT_FIELDS 24U
#define STAT_START  22U

/* A number at the beginning of @text, which @ret_end is behind of. False when there is none, or it
 * is larger than any. */
static bool read_number(const char *text, const char **ret_end, uint64_t *ret) {
        uint64_t value = 0;

        if (!isdigit((unsigned char) *text))
                return false;
        for (; isdigit((unsigned char) *text); text++)
                if (__builtin_mul_overflow(value, 10U, &value) ||
                    __builtin_add_overflow(value, (unsigned) (*text - '0'), &value))
                        return false;
        *ret_end = text;
        *ret = value;
        return true;
}

/* "12.34", as the kernel writes averages. */
static bool read_hundredths(const char *text, const char **ret_end, uint64_t *ret) {
        uint64_t whole, part;
        const char *end;

        if (!read_number(text, &end, &whole) || whole > 100 || end[0] != '.' ||
            !isdigit((unsigned char) end[1]) || !isdigit((unsigned char) end[2]))
                return false;
        part = (uint64_t) (end[1] - '0') * 10U + (uint64_t) (end[2] - '0');
        *ret_end = end + 3;
        *ret = figure_from_double((double) (whole * 100 + part) / 100.0);
        return true;
}

static bool is_end(char c) {
        return c == '\0' || c == '\n';
}

/* Does @text begin with the whole word @key, and what is behind it? */
static const char *behind_key(const char *text, const char *key, char separator) {
        size_t length = strlen(key);

        return strncmp(text, key, length) == 0 && text[length] == separator ? text + length + 1
                                                                            : NULL;
}

/* --- lines of a key and a number --- */

/* "usage_usec 12", "VmRSS:\t  12 kB". */
static bool read_value(const char *text, uint64_t *ret) {
        const char *end;

        text += strspn(text, " \t");
        if (!read_number(text, &end, ret))
                return false;
        if (strncmp(end, " kB", 3) == 0 && is_end(end[3]))
                return !__builtin_mul_overflow(*ret, 1024U, ret);
        return is_end(*end);
}

static void take_line(Statistic figure, const char *line, char separator, Figures *figures) {
        const FigureInfo *info = &figure_infos[figure];
        const char *value = info->key[0] ? behind_key(line, info->key, separator) : line;
        uint64_t number;

        if (value && read_value(value, &number))
                figures_set(figures, figure, number);
}

/* --- lines with words of the form key=number --- */

static const char *find_word(const char *line, const char *key) {
        for (; !is_end(*line); line += *line == ' ') {
                const char *value = behind_key(line, key, '=');

                if (value)
                        return value;
                line += strcspn(line, " \n");
        }
        return NULL;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0"; a key is two of these words. */
static void take_pressure(Statistic figure, const char *line, Figures *figures) {
        const FigureInfo *info = &figure_infos[figure];
        size_t length = strcspn(info->key, " ");
        const char *value, *end;
        uint64_t number;

        if (strncmp(line, info->key, length + 1) != 0)
                return;
        value = find_word(line, info->key + length + 1);
        if (!value)
                return;
        if (info->type == 'd' ? read_hundredths(value, &end, &number)
                              : read_number(value, &end, &number))
                if (*end == ' ' || is_end(*end))
                        figures_set(figures, figure, number);
}

/* "8:0 rbytes=1 wbytes=2 ...", one line for each device: all of them together. */
static void add_device(Statistic figure, const char *line, Figures *figures) {
        const char *value = find_word(line, figure_infos[figure].key), *end;
        uint64_t number;

        if (!value || !read_number(value, &end, &number) || !(*end == ' ' || is_end(*end)))
                return;
        if (!__builtin_add_overflow(figures->values[figure], number, &number))
                figures_set(figures, figure, number);
}

static void take(Statistic figure, const char *line, Figures *figures) {
        FigureSource source = figure_infos[figure].source;

        if (source == FIGURE_CPU_PRESSURE || source == FIGURE_MEMORY_PRESSURE ||
            source == FIGURE_IO_PRESSURE)
                take_pressure(figure, line, figures);
        else if (source == FIGURE_IO_STAT)
                add_device(figure, line, figures);
        else
                take_line(figure, line, source == FIGURE_STATUS ? ':' : ' ', figures);
}

void parse_file(FigureSource source, const char *text, Figures *figures) {
        Statistic first = 0, end;

        while (first < N_STATISTICS && figure_infos[first].source != source)
                first++;
        for (end = first; end < N_STATISTICS && figure_infos[end].source == source; end++)
                /* No line of a device: nothing was read or written. */
                if (source == FIGURE_IO_STAT)
                        figures_set(figures, end, 0);

        while (*text) {
                size_t length = strcspn(text, "\n");

                for (Statistic figure = first; figure < end; figure++)
                        take(figure, text, figures);
                text += length + (text[length] == '\n');
        }
}

/* --- stat(5) --- */

/* The numbers from the fourth field on; what is negative there is of no interest, and is 0. */
static int read_fields(const char *text, uint64_t fields[static STAT_FIELDS + 1]) {
        for (unsigned i = 4; i <= STAT_FIELDS; i++) {
                const char *end;

                if (*text++ != ' ')
                        return -EBADMSG;
                if (*text == '-') {
                        if (!read_number(text + 1, &end, &fields[i]))
                                return -EBADMSG;
                        fields[i] = 0;
                } else if (!read_number(text, &end, &fields[i]))
                        return -EBADMSG;
                text = end;
        }
        return *text == ' ' || is_end(*text) ? 0 : -EBADMSG;
}

int parse_stat(const char *text, uint64_t ticks, Figures *figures, ProcessStat *ret) {
        uint64_t fields[STAT_FIELDS + 1] = {};
        /* No later field has one. */
        const char *bracket = strrchr(text, ')');
        int r;

        if (!bracket || bracket[1] != ' ' || !isalpha((unsigned char) bracket[2]))
                return -EBADMSG;
        r = read_fields(bracket + 3, fields);
        if (r < 0)
                return r;

        for (Statistic figure = 0; figure < N_STATISTICS; figure++) {
                const FigureInfo *info = &figure_infos[figure];
                uint64_t number, value;
                const char *end;

                if (info->source != FIGURE_STAT || !read_number(info->key, &end, &number))
                        continue;
                value = fields[number];
                if (info->unit != FIGURE_USEC || !__builtin_mul_overflow(value, 1000000U, &value))
                        figures_set(figures, figure,
                                    info->unit == FIGURE_USEC ? value / ticks : value);
        }
        *ret = (ProcessStat){.state = bracket[2], .start_ticks = fields[STAT_START]};
        return 0;
}
