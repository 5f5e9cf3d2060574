/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "fuzz.h"

void property(bool holds, const char *sentence) {
        if (holds)
                return;
        fprintf(stderr, "This does not hold: %s\n", sentence);
        abort();
}

static bool is_utf8(const char *text) {
        size_t size = strlen(text);

        for (size_t i = 0; i < size;) {
                uint32_t point;
                size_t length = utf8_decode(text + i, size - i, &point);

                if (length == 0)
                        return false;
                i += length;
        }
        return true;
}

void property_refusal(int r, const Fault *fault) {
        property(r < 0, "a refusal is an error");
        property(fault->code > FAULT_NONE && fault->code < FAULT_N_CODES, "a refusal has a code");
        property(memchr(fault->message, '\0', sizeof(fault->message)) &&
                         memchr(fault->hint, '\0', sizeof(fault->hint)),
                 "a refusal's texts are terminated");
        property(fault->message[0] != '\0', "a refusal says why");
        property(is_utf8(fault->message) && is_utf8(fault->hint), "a refusal is UTF-8");
}

static void *copy(const uint8_t *data, size_t size, size_t allocated) {
        char *bytes = malloc(allocated);

        property(bytes || allocated == 0, "there is memory");
        if (size > 0)
                memcpy(bytes, data, size);
        return bytes;
}

void *fuzz_copy(const uint8_t *data, size_t size) {
        return copy(data, size, size);
}

char *fuzz_text(const uint8_t *data, size_t size) {
        char *text = copy(data, size, size + 1);

        text[size] = '\0';
        return text;
}

uint8_t bytes_take(Bytes *bytes) {
        if (bytes->size == 0)
                return 0;
        bytes->size--;
        return *bytes->data++;
}

uint16_t bytes_take16(Bytes *bytes) {
        uint16_t low = bytes_take(bytes);

        return (uint16_t) (low | bytes_take(bytes) << 8);
}
