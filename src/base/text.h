/* SPDX-License-Identifier: ISC */
#pragma once

/* Text that may stand in a line between others, and on somebody's terminal. */

#include <stdbool.h>

/* Is there some, of visible ASCII characters only? */
static inline bool text_is_plain(const char *text) {
        if (!*text)
                return false;
        for (; *text; text++)
                if (*text <= ' ' || *text >= 0x7f)
                        return false;
        return true;
}
