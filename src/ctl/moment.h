/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Points in time as people type them: "2026-11-21 23:01:22", "2026-11-21", "23:01", "now",
 * "today", "yesterday", "-5min" (that long ago), "@1763766082" (seconds UTC). Local time where no
 * zone is meant otherwise.
 */

#include <stdint.h>

/* @now_usec and *@ret are in microseconds UTC; *@ret is filled on success only. -EINVAL. */
int moment_parse(const char *text, uint64_t now_usec, uint64_t *ret);
