/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "domain/exit-codes.h"

#define HIGHEST (EXIT_CODES_MAX - 1)

/* One item of @text, @length bytes of it: a code, or a range of them. */
static int item_parse(ExitCodes *codes,
                      const char *text,
                      const char *item,
                      size_t length,
                      Fault *fault) {
        char copy[sizeof("100-101")];
        uint64_t first, last;
        int r = -EINVAL;

        if (length < sizeof(copy)) {
                memcpy(copy, item, length);
                copy[length] = '\0';
                r = number_parse(copy, HIGHEST, &first);
                last = first;
                if (r == -EINVAL)
                        r = number_parse_range(copy, HIGHEST, &first, &last);
        }
        if (r < 0) {
                r = fault_set(fault, FAULT_INVALID_ARGUMENT,
                              "\"%.*s\" in \"%.100s\" is no exit code, nor a range of them",
                              (int) (length < 20 ? length : 20), item, text);
                fault_hint(fault, "Exit codes are 0 to %u, written like this: 0,2,70-75", HIGHEST);
                return r;
        }

        for (uint64_t code = first; code <= last; code++)
                exit_codes_add(codes, (unsigned) code);
        return 0;
}

int exit_codes_parse(ExitCodes *ret, const char *text, Fault *fault) {
        ExitCodes codes = {};
        int r;

        for (const char *item = text;;) {
                size_t length = strcspn(item, ",");

                r = item_parse(&codes, text, item, length, fault);
                if (r < 0)
                        return r;
                if (item[length] == '\0')
                        break;
                item += length + 1;
        }

        *ret = codes;
        return 0;
}

int exit_codes_from_numbers(ExitCodes *ret,
                            const uint32_t *numbers,
                            size_t n_numbers,
                            Fault *fault) {
        ExitCodes codes = {};

        for (size_t i = 0; i < n_numbers; i++) {
                if (numbers[i] > HIGHEST)
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "There is no exit code %u, the highest one is %u",
                                         numbers[i], HIGHEST);
                exit_codes_add(&codes, numbers[i]);
        }

        *ret = codes;
        return 0;
}

size_t exit_codes_to_numbers(const ExitCodes *codes, uint32_t ret[static EXIT_CODES_MAX]) {
        size_t n = 0;

        for (unsigned code = 0; code < EXIT_CODES_MAX; code++)
                if (exit_codes_contain(codes, code))
                        ret[n++] = code;
        return n;
}

void exit_codes_format(const ExitCodes *codes, char ret[static EXIT_CODES_TEXT_MAX + 1]) {
        const char *separator = "";
        char *end = ret;

        *end = '\0';
        for (unsigned code = 0; code < EXIT_CODES_MAX; code++) {
                unsigned first = code;

                if (!exit_codes_contain(codes, code))
                        continue;
                while (exit_codes_contain(codes, code + 1))
                        code++;
                end += sprintf(end, "%s%u", separator, first);
                if (code > first)
                        end += sprintf(end, "-%u", code);
                separator = ",";
        }
}

void exit_codes_add(ExitCodes *codes, unsigned code) {
        codes->words[code / 64] |= UINT64_C(1) << (code % 64);
}

bool exit_codes_contain(const ExitCodes *codes, unsigned code) {
        return code < EXIT_CODES_MAX && (codes->words[code / 64] >> (code % 64)) & 1;
}

bool exit_codes_are_empty(const ExitCodes *codes) {
        return exit_codes_equal(codes, &(ExitCodes){});
}

bool exit_codes_equal(const ExitCodes *codes, const ExitCodes *others) {
        return memcmp(codes->words, others->words, sizeof(codes->words)) == 0;
}
