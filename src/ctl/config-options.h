/* SPDX-License-Identifier: ISC */
#pragma once

/* What the command line says of a configuration, for the calls that take one. */

#include <systemd/sd-bus.h>

#include "ctl/options.h"

int config_options_check(const Options *options, Fault *fault);

/* Only what was given: what there is otherwise is for the daemon to say. */
int config_options_append(sd_bus_message *message, const Options *options);

/* A call of UpdateUnikernel. The caller owns *@ret. */
int config_options_update(sd_bus_message **ret,
                          sd_bus *bus,
                          const Name *name,
                          int image_fd,
                          const Options *options);
