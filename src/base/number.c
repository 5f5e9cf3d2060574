/* SPDX-License-Identifier: ISC */

/* Numbers as people and peers write them, read strictly: what is odd is refused, never guessed. */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
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

int number_parse_bytes(const char *text, uint64_t *ret) {
        static const char suffixes[] = "KMGT";
        size_t length = strlen(text);
        unsigned shift = 0;
        uint64_t value;
        int r;

        if (length > 1 && text[length - 1] == 'B')
                length--;
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

static int unit_parse(const char *text, size_t length, uint64_t *ret) {
        static const struct {
                const char *name;
                uint64_t usec;
        } units[] = {
                {"", 1000000},
                {"us", 1},
                {"usec", 1},
                {"ms", 1000},
                {"msec", 1000},
                {"s", 1000000},
                {"sec", 1000000},
                {"second", 1000000},
                {"seconds", 1000000},
                {"m", 60000000},
                {"min", 60000000},
                {"minute", 60000000},
                {"minutes", 60000000},
                {"h", UINT64_C(3600000000)},
                {"hr", UINT64_C(3600000000)},
                {"hour", UINT64_C(3600000000)},
                {"hours", UINT64_C(3600000000)},
                {"d", UINT64_C(86400000000)},
                {"day", UINT64_C(86400000000)},
                {"days", UINT64_C(86400000000)},
                {"w", UINT64_C(604800000000)},
                {"week", UINT64_C(604800000000)},
                {"weeks", UINT64_C(604800000000)},
        };

        for (size_t i = 0; i < N_ELEMENTS(units); i++)
                if (strlen(units[i].name) == length && strncmp(text, units[i].name, length) == 0) {
                        *ret = units[i].usec;
                        return 0;
                }
        return -EINVAL;
}

int number_parse_span(const char *text, uint64_t *ret) {
        static const char digits[] = "0123456789", letters[] = "abcdefghijklmnopqrstuvwxyz";
        uint64_t sum = 0;
        int r;

        do {
                uint64_t value, usec;
                size_t length;

                length = strspn(text, digits);
                r = parse_digits(text, length, UINT64_MAX, &value);
                if (r < 0)
                        return r;
                text += length;
                text += strspn(text, " ");
                length = strspn(text, letters);
                r = unit_parse(text, length, &usec);
                if (r < 0)
                        return r;
                text += length;
                text += strspn(text, " ");
                if (__builtin_mul_overflow(value, usec, &value) ||
                    __builtin_add_overflow(sum, value, &sum))
                        return -ERANGE;
        } while (*text != '\0');

        *ret = sum;
        return 0;
}

int number_parse_range(const char *text, uint64_t max, uint64_t *ret_first, uint64_t *ret_last) {
        const char *dash = strchr(text, '-');
        uint64_t first, last;
        int r;

        if (!dash)
                return -EINVAL;
        r = parse_digits(text, (size_t) (dash - text), max, &first);
        if (r < 0)
                return r;
        r = parse_digits(dash + 1, strlen(dash + 1), max, &last);
        if (r < 0)
                return r;
        if (first > last)
                return -EINVAL;

        *ret_first = first;
        *ret_last = last;
        return 0;
}
