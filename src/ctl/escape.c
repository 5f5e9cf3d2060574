/* SPDX-License-Identifier: ISC */

#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "ctl/escape.h"

/* Decodes the character at the beginning of @data (@size > 0 bytes) and returns its length,
 * 0 when there is no valid one. */
static size_t decode(const unsigned char *data, size_t size, uint32_t *ret) {
        /* By length: the bits that mark it, and the smallest code point that needs it. */
        static const struct {
                unsigned char mask, mark;
                uint32_t smallest;
        } lengths[] = {
                {0x80, 0x00, 0},
                {0xe0, 0xc0, 0x80},
                {0xf0, 0xe0, 0x800},
                {0xf8, 0xf0, 0x10000},
        };
        size_t length = 0;
        uint32_t point;

        while (length < N_ELEMENTS(lengths) &&
               (data[0] & lengths[length].mask) != lengths[length].mark)
                length++;
        if (length == N_ELEMENTS(lengths) || length + 1 > size)
                return 0;

        point = (uint32_t) (data[0] & ~lengths[length].mask);
        for (size_t i = 1; i <= length; i++) {
                if ((data[i] & 0xc0) != 0x80)
                        return 0;
                point = point << 6 | (data[i] & 0x3f);
        }
        if (point < lengths[length].smallest || point > 0x10ffff ||
            (point >= 0xd800 && point <= 0xdfff))
                return 0;

        *ret = point;
        return length + 1;
}

static bool is_harmless(uint32_t point, EscapeMode mode) {
        if (point == '\n')
                return mode == ESCAPE_TEXT;
        if (point == '\t')
                return true;
        /* C0, DEL, C1. */
        if (point < 0x20 || (point >= 0x7f && point <= 0x9f))
                return false;
        /* These make text run the other way, and so read as something that it is not. */
        if (point == 0x61c || point == 0x200e || point == 0x200f ||
            (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069))
                return false;
        /* Line and paragraph separator break a line as a newline does. */
        if (point == 0x2028 || point == 0x2029)
                return false;
        return true;
}

void escape_write(FILE *out, const char *data, size_t size, EscapeMode mode) {
        const unsigned char *bytes = (const unsigned char *) data;
        size_t plain = 0;

        for (size_t i = 0; i < size;) {
                uint32_t point;
                size_t length = decode(bytes + i, size - i, &point);

                if (length > 0 && is_harmless(point, mode)) {
                        i += length;
                        continue;
                }

                /* Whatever was harmless up to here goes out in one piece. */
                fwrite(bytes + plain, 1, i - plain, out);
                if (length > 1)
                        fprintf(out, "\\u%04x", point);
                else
                        fprintf(out, "\\x%02x", bytes[i]);
                i += MAX_OF(length, 1U);
                plain = i;
        }
        fwrite(bytes + plain, 1, size - plain, out);
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
        const unsigned char *bytes = (const unsigned char *) data;

        for (size_t i = 0; i < size;) {
                uint32_t point;
                size_t length = decode(bytes + i, size - i, &point);

                if (length == 0)
                        return false;
                i += length;
        }
        return true;
}
