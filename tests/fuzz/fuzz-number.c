/* SPDX-License-Identifier: ISC */

/* Numbers, sizes, ranges and time spans. What is accepted here is a size of the command line. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "fuzz.h"

#define UNTOUCHED 42

static void check_number(const char *text, uint64_t max) {
        uint64_t value = UNTOUCHED;
        char again[32];
        int r;

        r = number_parse(text, max, &value);
        if (r < 0) {
                property(r == -EINVAL || r == -ERANGE, "a number is refused in one of two ways");
                property(value == UNTOUCHED, "a refused number leaves no trace");
                return;
        }
        property(value <= max, "a number is in its range");
        snprintf(again, sizeof(again), "%" PRIu64, value);
        property(strcmp(again, text) == 0, "a number is written in one way only");
}

/* @text is its value in the unit of its suffix. */
static void check_size(const char *text, uint64_t value) {
        static const char suffixes[] = "KMGT";
        char last = text[strlen(text) - 1];
        const char *suffix = strchr(suffixes, last);
        unsigned shift = suffix ? 10 * (unsigned) (suffix - suffixes + 1) : 20;
        char again[32];

        property(value >> shift << shift == value, "a size is a multiple of its unit");
        snprintf(again, sizeof(again), "%" PRIu64 "%.1s", value >> shift, suffix ? suffix : "");
        property(strcmp(again, text) == 0, "a size is written in one way only");
}

static void check_range(const char *text) {
        uint64_t first = UNTOUCHED, last = UNTOUCHED;
        char again[64];

        if (number_parse_range(text, 65535, &first, &last) < 0) {
                property(first == UNTOUCHED && last == UNTOUCHED,
                         "a refused range leaves no trace");
                return;
        }
        property(first <= last && last <= 65535, "a range is one");
        snprintf(again, sizeof(again), "%" PRIu64 "-%" PRIu64, first, last);
        property(strcmp(again, text) == 0, "a range is written in one way only");
}

/* Those of configuration files, which are written in more ways than one. */
static void check_units(const char *text) {
        uint64_t usec = UNTOUCHED, size = UNTOUCHED, again;
        char canonical[32];
        int r;

        r = number_parse_span(text, &usec);
        property(r >= 0 || ((r == -EINVAL || r == -ERANGE) && usec == UNTOUCHED),
                 "a refused span leaves no trace");
        if (r >= 0) {
                snprintf(canonical, sizeof(canonical), "%" PRIu64 "us", usec);
                property(number_parse_span(canonical, &again) == 0 && again == usec,
                         "a span is a number of microseconds");
        }
        r = number_parse_bytes(text, &size);
        property(r >= 0 || ((r == -EINVAL || r == -ERANGE) && size == UNTOUCHED),
                 "a refused size leaves no trace");
        if (r >= 0) {
                snprintf(canonical, sizeof(canonical), "%" PRIu64, size);
                property(number_parse_bytes(canonical, &again) == 0 && again == size,
                         "a size is a number of bytes");
        }
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        uint64_t value = UNTOUCHED;
        int r;

        check_number(text, UINT64_MAX);
        check_number(text, 1000);
        check_range(text);
        check_units(text);
        r = number_parse_size(text, &value);
        if (r < 0) {
                property(r == -EINVAL || r == -ERANGE, "a size is refused in one of two ways");
                property(value == UNTOUCHED, "a refused size leaves no trace");
                return false;
        }
        check_size(text, value);
        return true;
}
