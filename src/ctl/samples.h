/* SPDX-License-Identifier: ISC */
#pragma once

/* What GetStatistics() says, as far as rates are made of it. */

#include <systemd/sd-bus.h>

#include "ctl/rates.h"

/* A call that asks for all below the path, or the one of the name, in @prefix. The caller owns
 * *@ret. */
int samples_request(sd_bus_message **ret, sd_bus *bus, const char *prefix, Fault *fault);

/* What its answer says, sorted by name; the caller gives *@ret back by samples_done(). */
int samples_read(Samples *ret, sd_bus_message *reply, Fault *fault);
