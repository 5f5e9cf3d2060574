/* SPDX-License-Identifier: ISC */

#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "ctl/escape.h"

/* What nobody sees, what makes text run the other way, so that it reads as something that it is
 * not, and what breaks a line as a newline does. */
static const struct {
        uint32_t first, last;
} hidden[] = {
        {0x61c, 0x61c},   {0x200b, 0x200f}, {0x2028, 0x202e},
        {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f},
};

static bool is_harmless(uint32_t point, EscapeMode mode) {
        /* C0, DEL, C1. */
        if (point < 0xa0)
                return (point >= 0x20 && point < 0x7f) || point == '\t' ||
                       (point == '\n' && mode == ESCAPE_TEXT);
        for (size_t i = 0; i < N_ELEMENTS(hidden); i++)
                if (point >= hidden[i].first && point <= hidden[i].last)
                        return false;
        return true;
}

void escape_write(FILE *out, const char *data, size_t size, EscapeMode mode) {
        size_t plain = 0;

        for (size_t i = 0; i < size;) {
                uint32_t point;
                size_t length = utf8_decode(data + i, size - i, &point);

                if (length > 0 && is_harmless(point, mode)) {
                        i += length;
                        continue;
                }

                /* Whatever was harmless up to here goes out in one piece. */
                fwrite(data + plain, 1, i - plain, out);
                if (length > 1)
                        fprintf(out, point > 0xffff ? "\\U%08x" : "\\u%04x", point);
                else
                        fprintf(out, "\\x%02x", (unsigned char) data[i]);
                i += MAX_OF(length, 1U);
                plain = i;
        }
        fwrite(data + plain, 1, size - plain, out);
}

char *escape_copy(const char *data, size_t size, EscapeMode mode) {
        char *copy = NULL;
        size_t copy_size = 0;
        FILE *out;

        out = open_memstream(&copy, &copy_size);
        if (!out)
                return NULL;
        escape_write(out, data, size, mode);
        if (ferror(out) | fclose(out)) {
                free(copy);
                return NULL;
        }
        return copy;
}

bool escape_is_utf8(const char *data, size_t size) {
        for (size_t i = 0; i < size;) {
                uint32_t point;
                size_t length = utf8_decode(data + i, size - i, &point);

                if (length == 0)
                        return false;
                i += length;
        }
        return true;
}
