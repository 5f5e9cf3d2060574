/* SPDX-License-Identifier: ISC */
#pragma once

/* UTF-8 as Unicode defines it: no surrogate, nothing overlong, nothing above U+10FFFF. */

#include <stddef.h>
#include <stdint.h>

/* Decodes the character at the beginning of @text (@size > 0 bytes) and returns its length,
 * 0 when there is no valid one. */
size_t utf8_decode(const char *text, size_t size, uint32_t *ret);

/* Each byte of @text that belongs to no valid character becomes "?". */
void utf8_mend(char *text);
