/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * create --console: a unikernel that is created, followed to its end and stood in for by our own
 * exit status. It does not end with us, and a restart of the daemon meanwhile does not end us.
 */

#include <systemd/sd-bus.h>

#include "ctl/options.h"
#include "domain/name.h"

/* Sends @request, which creates @name. Returns the exit status, or a negative errno with @fault
 * filled. */
int attach_run(sd_bus *bus,
               sd_bus_message *request,
               const Name *name,
               const Options *options,
               Fault *fault);
