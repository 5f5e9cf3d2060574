/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Errors on their way to the user: what the bus says becomes a Fault, and a Fault becomes one
 * sentence on stderr with its hint on a second line.
 */

#include <systemd/sd-bus.h>

#include "domain/fault.h"

/* Fills @fault from @error, or from @r (a negative errno) where the bus gave no name, and returns
 * a negative errno. A daemon's message is "sentence" or "sentence\nhint". */
int error_from_bus(Fault *fault, const sd_bus_error *error, int r);

/* Prints @fault, or what @r means when nobody filled it. */
void error_print(const Fault *fault, int r);
