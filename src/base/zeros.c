/* SPDX-License-Identifier: ISC */

#include <string.h>

#include "base/cleanup.h"
#include "base/zeros.h"

bool zeros_only(const void *data, size_t size) {
        const char *bytes = data;

        /* When the first ones are zeros and each is like the one 16 before it, all are. */
        for (size_t i = 0; i < 16; i++) {
                if (i == size)
                        return true;
                if (bytes[i] != 0)
                        return false;
        }
        return memcmp(bytes, bytes + 16, size - 16) == 0;
}

size_t zeros_run(const void *data, size_t size, uint64_t offset, bool *ret_zeros) {
        size_t length = 0;
        bool zeros = false;

        while (length < size) {
                size_t rest = ZEROS_UNIT - (size_t) ((offset + length) % ZEROS_UNIT);
                size_t piece = MIN_OF(rest, size - length);
                bool piece_zeros = zeros_only((const char *) data + length, piece);

                if (length > 0 && piece_zeros != zeros)
                        break;
                zeros = piece_zeros;
                length += piece;
        }
        *ret_zeros = zeros;
        return length;
}
