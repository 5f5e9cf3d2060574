/* SPDX-License-Identifier: ISC */

/* A header Accept, and a name that stands in a label. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "metrics/exposition.h"

/* What is between the quotes of the label "statistic" has neither a quote nor a newline of its own,
 * and is UTF-8: who reads it finds its end where it is. */
static void check_label(const char *text) {
        const char *p = strstr(text, ",statistic=\"");

        property(p != NULL, "a counter is told");
        p += strlen(",statistic=\"");
        while (*p != '"') {
                uint32_t character;
                size_t n = utf8_decode(p, strlen(p), &character);

                property(n > 0, "a label is UTF-8");
                property(*p != '\n', "a label is on one line");
                if (*p == '\\') {
                        property(strchr("\\\"n", p[1]) && p[1], "what is escaped has to be");
                        n = 2;
                }
                p += n;
        }
        property(strncmp(p, "\"} 1\n", 5) == 0, "a label ends where it ends");
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        int r;

        for (Format format = 0; format < N_FORMATS; format++) {
                _cleanup_(snapshot_clear) Snapshot snapshot = {.has_statistics = true};
                _cleanup_(freep) char *whole = NULL;
                Observed *observed = snapshot_find_or_add(&snapshot, "web");
                size_t whole_size;

                if (!observed || observed_add_counter(observed, text, 1) < 0 ||
                    exposition_write(&snapshot, format, &whole, &whole_size) < 0)
                        return false;
                check_label(whole);
        }

        r = negotiate(text);
        property(r == FORMAT_TEXT || r == FORMAT_OPENMETRICS || r == -EINVAL,
                 "a format is one of two, or refused");
        return r >= 0;
}
