/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "spt/refusal.h"

int refusal_set(Refusal *refusal, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(refusal->sentence, sizeof(refusal->sentence), format, arguments);
        va_end(arguments);
        return -EINVAL;
}
