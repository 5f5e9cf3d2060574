/* SPDX-License-Identifier: ISC */
#pragma once

/* What not everybody may see of a unikernel: its arguments, its devices, the digest of its image.
 */

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "ctl/call.h"
#include "ctl/json.h"
#include "domain/name.h"

/* Is @field one of these? */
bool inspection_has(const char *field);

/* Asks for them. With @interactive, somebody may be asked for a password. */
int inspection_ask(Call *call, sd_bus *bus, const Name *name, bool interactive, Fault *fault);

/* Waits for the answer. The caller owns *@ret. */
int inspection_answer(json_t **ret, Call *call, Fault *fault);
