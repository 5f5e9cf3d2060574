/* SPDX-License-Identifier: ISC */
#pragma once

/* What a clock of the kernel's shows. What decides is told the time; this is for who tells it. */

#include <stdint.h>
#include <time.h>

/* In microseconds. */
static inline uint64_t clock_usec(clockid_t clock) {
        struct timespec now;

        clock_gettime(clock, &now);
        return (uint64_t) now.tv_sec * 1000000U + (uint64_t) now.tv_nsec / 1000U;
}
