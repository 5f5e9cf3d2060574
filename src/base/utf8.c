/* SPDX-License-Identifier: ISC */

#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"

size_t utf8_decode(const char *text, size_t size, uint32_t *ret) {
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
        const unsigned char *bytes = (const unsigned char *) text;
        size_t length = 0;
        uint32_t point;

        while (length < N_ELEMENTS(lengths) &&
               (bytes[0] & lengths[length].mask) != lengths[length].mark)
                length++;
        if (length == N_ELEMENTS(lengths) || length + 1 > size)
                return 0;

        point = (uint32_t) (bytes[0] & ~lengths[length].mask);
        for (size_t i = 1; i <= length; i++) {
                if ((bytes[i] & 0xc0) != 0x80)
                        return 0;
                point = point << 6 | (bytes[i] & 0x3f);
        }
        if (point < lengths[length].smallest || point > 0x10ffff ||
            (point >= 0xd800 && point <= 0xdfff))
                return 0;

        *ret = point;
        return length + 1;
}

void utf8_mend(char *text) {
        size_t size = strlen(text);

        for (size_t i = 0; i < size;) {
                uint32_t point;
                size_t length = utf8_decode(text + i, size - i, &point);

                if (length == 0)
                        text[i] = '?';
                i += MAX_OF(length, 1U);
        }
}
