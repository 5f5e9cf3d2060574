/* SPDX-License-Identifier: ISC */

/* What guests print, made harmless for a terminal. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/escape.h"
#include "fuzz.h"

/* Told by its bytes, in another way than the code that is tried: of UTF-8 that is valid. */
static bool is_harmful(const uint8_t *text) {
        if (*text < 0x20 || *text == 0x7f)
                return *text != '\n' && *text != '\t';
        if (text[0] == 0xc2 && text[1] < 0xa0) /* C1 */
                return true;
        if (text[0] == 0xd8 && text[1] == 0x9c) /* ALM */
                return true;
        if (text[0] == 0xef) /* BOM */
                return text[1] == 0xbb && text[2] == 0xbf;
        if (text[0] == 0xf3) /* tags */
                return text[1] == 0xa0 && (text[2] == 0x80 || text[2] == 0x81);
        if (text[0] != 0xe2)
                return false;
        /* Those without a width, LRM, RLM; line and paragraph separator, LRE to RLO; those that are
         * only for programs, LRI to PDI among them. */
        return (text[1] == 0x80 &&
                ((text[2] >= 0x8b && text[2] <= 0x8f) || (text[2] >= 0xa8 && text[2] <= 0xae))) ||
               (text[1] == 0x81 && text[2] >= 0xa0 && text[2] <= 0xaf);
}

static bool check(const char *data, size_t size, EscapeMode mode) {
        _cleanup_(freep) char *text = escape_copy(data, size, mode);
        _cleanup_(freep) char *again = NULL;
        bool unchanged;

        property(text, "there is memory");
        property(escape_is_utf8(text, strlen(text)), "what is shown is UTF-8");
        for (const char *here = text; *here; here++)
                property(!is_harmful((const uint8_t *) here), "nothing harmful is shown");
        property(mode == ESCAPE_TEXT || !strchr(text, '\n'), "a line stays a line");

        again = escape_copy(text, strlen(text), mode);
        property(again && strcmp(again, text) == 0, "what is harmless stays as it is");

        unchanged = strlen(text) == size && memcmp(text, data, size) == 0;
        property(!unchanged || escape_is_utf8(data, size), "what is no UTF-8 is changed");
        return unchanged;
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *copy = fuzz_copy(data, size);

        (void) check(copy, size, ESCAPE_LINE);
        return check(copy, size, ESCAPE_TEXT);
}
