/* SPDX-License-Identifier: ISC */

#include <string.h>

#include "domain/cursor.h"

bool cursor_is_sane(const char *text) {
        size_t length = strlen(text);

        return length > 0 && length <= CURSOR_MAX &&
               strspn(text, "0123456789abcdefimstx=;") == length;
}
