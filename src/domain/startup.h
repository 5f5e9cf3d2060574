/* SPDX-License-Identifier: ISC */
#pragma once

/* The priority of a start at boot: lower ones are first, those of one number at the same time. */

#include <stdint.h>

#include "domain/fault.h"

#define STARTUP_DEFAULT 50U
#define STARTUP_MAX     65535U

/* Takes 0 to STARTUP_MAX, in decimal. *@ret is filled on success only. */
int startup_parse(uint32_t *ret, const char *text, Fault *fault);

/* The same for a number that came in another way. */
int startup_check(uint64_t priority, Fault *fault);
