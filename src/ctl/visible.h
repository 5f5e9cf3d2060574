/* SPDX-License-Identifier: ISC */
#pragma once

/* Where an official tender runs a unikernel, everybody on that host can read the arguments of the
 * guest. Whoever has given some is told so, once: when it is created. */

#include <systemd/sd-bus.h>

#include "ctl/options.h"
#include "domain/name.h"

/* Says so on stderr where it is the case. That it can't be found out is no failure. */
void visible_tell(sd_bus *bus, const Name *name, const Options *options);
