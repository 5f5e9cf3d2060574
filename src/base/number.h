/* SPDX-License-Identifier: ISC */
#pragma once

#include <stdint.h>

/* Strict decimal: digits only, no sign, no space, no leading zero but "0" itself, at most @max.
 * -EINVAL when it is no number, -ERANGE when it is too large; *@ret is then untouched. */
int number_parse(const char *text, uint64_t max, uint64_t *ret);

/* A size as the command line takes it: a bare number is MiB; K, M, G and T are powers of 1024.
 * *@ret is in bytes. Errors as above. */
int number_parse_size(const char *text, uint64_t *ret);

/* A size as systemd's configuration files have it: a bare number is bytes; K, M, G and T (B behind
 * them or alone) are powers of 1024. Errors as above. */
int number_parse_bytes(const char *text, uint64_t *ret);

/* A time span as systemd.time(7) has it, of whole numbers: "10", which is seconds, "500ms",
 * "1min 30s". *@ret is in microseconds. Errors as above. */
int number_parse_span(const char *text, uint64_t *ret);

/* "FIRST-LAST", FIRST being no larger. Errors as above; both are untouched then. */
int number_parse_range(const char *text, uint64_t max, uint64_t *ret_first, uint64_t *ret_last);
