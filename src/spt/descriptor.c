/* SPDX-License-Identifier: ISC */

#include <limits.h>
#include <unistd.h>

#include "base/number.h"
#include "spt/descriptor.h"

int descriptor_parse(const char *text, int *ret, Refusal *refusal) {
        uint64_t fd;

        if (text[0] != '@' || number_parse(text + 1, INT_MAX, &fd) < 0 || fd <= STDERR_FILENO)
                return refusal_set(refusal, "%s: Not a descriptor as in @3", text);
        *ret = (int) fd;
        return 0;
}
