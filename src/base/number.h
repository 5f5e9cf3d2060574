/* SPDX-License-Identifier: ISC */
#pragma once

#include <stdint.h>

/* Strict decimal: digits only, no sign, no space, no leading zero but "0" itself, at most @max.
 * -EINVAL when it is no number, -ERANGE when it is too large; *@ret is then untouched. */
int number_parse(const char *text, uint64_t max, uint64_t *ret);

/* A size as the command line takes it: a bare number is MiB; K, M, G and T are powers of 1024.
 * *@ret is in bytes. Errors as above. */
int number_parse_size(const char *text, uint64_t *ret);
