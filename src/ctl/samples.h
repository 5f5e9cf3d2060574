/* SPDX-License-Identifier: ISC */
#pragma once

/* What GetStatistics() says, as far as rates are made of it. */

#include <systemd/sd-bus.h>

#include "ctl/rates.h"

/* Asks once, for all below the path, or the one of the name, in @prefix. Sorted by name; the caller
 * gives *@ret back by samples_done(). */
int samples_get(Samples *ret, sd_bus *bus, const char *prefix, Fault *fault);
