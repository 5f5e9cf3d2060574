/* SPDX-License-Identifier: ISC */
#pragma once

/* Sizes, spans and points in time as people read them. */

#include <stddef.h>
#include <stdint.h>

#define HUMAN_MAX 63

/* "32M", "1.5G", "512K", "17B": powers of 1024. */
void human_size(uint64_t bytes, char ret[static HUMAN_MAX + 1]);

/* "2d 3h", "5min 12s", "3s", "42ms": its two largest units. */
void human_span(uint64_t usec, char ret[static HUMAN_MAX + 1]);

/* "Sat 2026-11-21 23:01:22 UTC", in local time. */
void human_time(uint64_t usec, char ret[static HUMAN_MAX + 1]);

/* Microseconds UTC. */
uint64_t human_now(void);
