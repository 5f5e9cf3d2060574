/* SPDX-License-Identifier: ISC */

/* Numbers as people and peers write them, read strictly: what is odd is refused, never guessed. */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/number.h"

static int parse_digits(const char *text, size_t length, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;

        if (length == 0 || (length > 1 && text[0] == '0'))
                return -EINVAL;
        for (size_t i = 0; i < length; i++)
                if (text[i] < '0' || text[i] > '9')
                        return -EINVAL;
        for (size_t i = 0; i < length; i++)
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t) (text[i] - '0'), &value))
                        return -ERANGE;
        if (value > max)
                return -ERANGE;

        *ret = value;
        return 0;
}

int number_parse(const char *text, uint64_t max, uint64_t *ret) {
        return parse_digits(text, strlen(text), max, ret);
}

int number_parse_size(const char *text, uint64_t *ret) {
        static const char suffixes[] = "KMGT";
        size_t length = strlen(text);
        unsigned shift = 20;
        uint64_t value;
        int r;

        if (length > 1) {
                const char *suffix = strchr(suffixes, text[length - 1]);

                if (suffix) {
                        shift = 10 * (unsigned) (suffix - suffixes + 1);
                        length--;
                }
        }

        r = parse_digits(text, length, UINT64_MAX >> shift, &value);
        if (r < 0)
                return r;
        *ret = value << shift;
        return 0;
}
