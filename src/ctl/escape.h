/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What guests and tenants wrote, made harmless for a terminal: control characters (C0 but newline
 * and tab, DEL, C1), the controls that turn the direction of text, characters that are not seen,
 * and whatever is no UTF-8 become "\x1b" and the like. Everything of theirs that is shown goes
 * through here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum EscapeMode {
        ESCAPE_TEXT, /* newlines stay */
        ESCAPE_LINE, /* newlines are escaped too: for what must stay on its line */
} EscapeMode;

/* Writes @size bytes at @data to @out, escaped. Errors of @out are left to ferror(). */
void escape_write(FILE *out, const char *data, size_t size, EscapeMode mode);

/* The same into a new string that the caller owns; NULL when memory ran out. */
char *escape_copy(const char *data, size_t size, EscapeMode mode);

/* Is it UTF-8 as Unicode defines it: no surrogate, nothing overlong, nothing above U+10FFFF? */
bool escape_is_utf8(const char *data, size_t size);
