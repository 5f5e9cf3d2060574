/* SPDX-License-Identifier: ISC */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "metrics/negotiate.h"

/* Thousandths: a weight has at most three digits behind its point. */
#define WEIGHT_MAX 1000

typedef struct Text {
        const char *begin, *end;
} Text;

typedef struct FormatInfo {
        const char *type, *major;
        const char *versions[3];
        const char *content_type;
} FormatInfo;

static const FormatInfo infos[N_FORMATS] = {
        [FORMAT_TEXT] = {"text/plain",
                         "text/*",
                         {"0.0.4"},
                         "text/plain; version=0.0.4; charset=utf-8"},
        [FORMAT_OPENMETRICS] = {"application/openmetrics-text",
                                "application/*",
                                {"1.0.0", "0.0.1"},
                                "application/openmetrics-text; version=1.0.0; charset=utf-8"},
};

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static Text strip(Text text) {
        while (text.begin < text.end && is_blank(*text.begin))
                text.begin++;
        while (text.end > text.begin && is_blank(text.end[-1]))
                text.end--;
        return text;
}

static bool text_is(Text text, const char *word) {
        return (size_t) (text.end - text.begin) == strlen(word) &&
               strncasecmp(text.begin, word, strlen(word)) == 0;
}

/* Takes what is before the next @separator off @rest. A separator in quotes is none. */
static Text take(Text *rest, char separator) {
        Text part = {rest->begin, rest->begin};
        bool quoted = false;

        while (part.end < rest->end && (quoted || *part.end != separator)) {
                if (*part.end == '"')
                        quoted = !quoted;
                else if (quoted && *part.end == '\\' && part.end + 1 < rest->end)
                        part.end++;
                part.end++;
        }
        rest->begin = part.end < rest->end ? part.end + 1 : rest->end;
        return strip(part);
}

/* "0.25"; less than 0 for what is no weight. */
static int read_weight(Text text) {
        int weight = 0, unit = WEIGHT_MAX;

        for (const char *p = text.begin; p < text.end; p++) {
                if (p == text.begin + 1) {
                        if (*p != '.')
                                return -EINVAL;
                        continue;
                }
                if (!isdigit((unsigned char) *p) || unit == 0)
                        return -EINVAL;
                weight += (*p - '0') * unit;
                unit /= 10;
        }
        return text.begin == text.end || weight > WEIGHT_MAX ? -EINVAL : weight;
}

typedef struct Range {
        Text type, version;
        int weight;
} Range;

static int read_range(Text text, Range *ret) {
        Range range = {.weight = WEIGHT_MAX};

        range.type = take(&text, ';');
        while (text.begin < text.end) {
                Text value = take(&text, ';');
                Text name = take(&value, '=');

                value = strip(value);
                if (value.end - value.begin >= 2 && *value.begin == '"' && value.end[-1] == '"')
                        value = (Text){value.begin + 1, value.end - 1};
                if (text_is(name, "q")) {
                        range.weight = read_weight(value);
                        if (range.weight < 0)
                                return -EINVAL;
                } else if (text_is(name, "version"))
                        range.version = value;
        }
        *ret = range;
        return 0;
}

/* How exactly @range means the format; 0: not at all. */
static unsigned match(const FormatInfo *info, const Range *range) {
        if (text_is(range->type, "*/*"))
                return 1;
        if (text_is(range->type, info->major))
                return 2;
        if (!text_is(range->type, info->type))
                return 0;
        if (!range->version.begin)
                return 3;
        for (size_t i = 0; i < N_ELEMENTS(info->versions) && info->versions[i]; i++)
                if (text_is(range->version, info->versions[i]))
                        return 4;
        return 0;
}

/* The weight of the range that means it most exactly; the best of them, should there be more. */
static int weigh(const FormatInfo *info, const char *accept, bool *ret_named) {
        Text rest = {accept, accept + strlen(accept)};
        unsigned best = 0;
        int weight = 0;

        while (rest.begin < rest.end) {
                unsigned exactness;
                Range range;

                if (read_range(take(&rest, ','), &range) < 0)
                        continue;
                exactness = match(info, &range);
                if (exactness == 0 || exactness < best)
                        continue;
                weight = exactness > best ? range.weight : MAX_OF(weight, range.weight);
                best = exactness;
        }
        *ret_named = best >= 3;
        return weight;
}

int negotiate(const char *accept) {
        int weights[N_FORMATS];
        bool named[N_FORMATS];

        if (!accept)
                return FORMAT_TEXT;
        for (Format format = 0; format < N_FORMATS; format++)
                weights[format] = weigh(&infos[format], accept, &named[format]);
        if (weights[FORMAT_TEXT] != weights[FORMAT_OPENMETRICS])
                return weights[FORMAT_OPENMETRICS] > weights[FORMAT_TEXT] ? FORMAT_OPENMETRICS
                                                                          : FORMAT_TEXT;
        if (weights[FORMAT_TEXT] == 0)
                return -EINVAL;
        return named[FORMAT_OPENMETRICS] ? FORMAT_OPENMETRICS : FORMAT_TEXT;
}

const char *format_content_type(Format format) {
        return infos[format].content_type;
}
