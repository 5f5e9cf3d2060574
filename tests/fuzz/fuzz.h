/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A fuzz target takes bytes as a stranger could send them, gives them to one parser, and demands
 * that what must always hold does hold. With -Dfuzz=true libFuzzer invents the bytes; otherwise the
 * seeds are replayed, as an ordinary test.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/fault.h"

/* The target: whether its parser has accepted the @size bytes at @data. */
bool fuzz_input(const uint8_t *data, size_t size);

/* Ends everything with @sentence unless @holds. */
void property(bool holds, const char *sentence);

/* What every refusal of ours is like: @r is an error, and @fault has a code and a sentence that can
 * be sent over the bus. */
void property_refusal(int r, const Fault *fault);

/* A copy of exactly @size bytes, and a NUL behind it for fuzz_text(), so that a sanitizer sees each
 * byte too many. The caller owns them. */
void *fuzz_copy(const uint8_t *data, size_t size);
char *fuzz_text(const uint8_t *data, size_t size);

/* Takes numbers off the beginning of the input, zero once that is used up: what a target needs to
 * know beside the bytes that it parses. */
typedef struct Bytes {
        const uint8_t *data;
        size_t size;
} Bytes;

uint8_t bytes_take(Bytes *bytes);
uint16_t bytes_take16(Bytes *bytes); /* little-endian */
