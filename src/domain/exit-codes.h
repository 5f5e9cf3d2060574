/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A set of exit codes: "0,2,70-75" as people write it, an array of numbers as the bus carries it.
 * Empty when zero-initialised.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/fault.h"

#define EXIT_CODES_MAX 256U /* a process has no others; codes are below that */

/* Every third code missing makes the longest text: 86 ranges of at most "100-101,". */
#define EXIT_CODES_TEXT_MAX 688

typedef struct ExitCodes {
        uint64_t words[EXIT_CODES_MAX / 64];
} ExitCodes;

/* Takes codes and ranges separated by ",": at least one, in any order, repeated or not.
 * *@ret is filled on success only. */
int exit_codes_parse(ExitCodes *ret, const char *text, Fault *fault);

/* The same from @n_codes numbers; none at all are the empty set. */
int exit_codes_from_numbers(ExitCodes *ret,
                            const uint32_t *numbers,
                            size_t n_numbers,
                            Fault *fault);

/* Fills @ret with the codes in ascending order and returns how many there are. */
size_t exit_codes_to_numbers(const ExitCodes *codes, uint32_t ret[static EXIT_CODES_MAX]);

/* The shortest text of the set, ascending; "" when it is empty. */
void exit_codes_format(const ExitCodes *codes, char ret[static EXIT_CODES_TEXT_MAX + 1]);

/* @code is below EXIT_CODES_MAX. */
void exit_codes_add(ExitCodes *codes, unsigned code);

bool exit_codes_contain(const ExitCodes *codes, unsigned code);
bool exit_codes_are_empty(const ExitCodes *codes);
bool exit_codes_equal(const ExitCodes *codes, const ExitCodes *others);
