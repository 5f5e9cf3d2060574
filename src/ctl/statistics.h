/* SPDX-License-Identifier: ISC */
#pragma once

/* What the kernel counts of unikernels that run, as the daemon tells it. */

#include <jansson.h>
#include <systemd/sd-bus.h>

#include "ctl/options.h"

/* Those that @options name, all without arguments, as a new array of objects whose keys are those
 * of the bus, with "Name" before them. The caller owns it. A name that does not run is an error. */
int statistics_get(json_t **ret, sd_bus *bus, const Options *options, Fault *fault);

/* The table of @array, one line for each, or all that is known of the only one in it. */
int statistics_print_table(const json_t *array, const Options *options);
int statistics_print_one(const json_t *unikernel, const Options *options);
