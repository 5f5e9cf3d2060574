/* SPDX-License-Identifier: ISC */
#pragma once

/* All that the bus shows of one unikernel, as a JSON object with the properties' names as keys. */

#include <systemd/sd-bus.h>

#include "ctl/call.h"
#include "ctl/json.h"
#include "domain/cpus.h"
#include "domain/name.h"

/* A call that asks for them. The caller owns *@ret. */
int properties_request(sd_bus_message **ret, sd_bus *bus, const Name *name, Fault *fault);

/* Asks for them; @call gets the answer. */
int properties_ask(Call *call, sd_bus *bus, const Name *name, Fault *fault);

/* Waits for the answer. The caller owns *@ret. FAULT_NO_SUCH_UNIKERNEL when there is none. */
int properties_answer(json_t **ret, Call *call, const Name *name, Fault *fault);

/* The two together. */
int properties_get(json_t **ret, sd_bus *bus, const Name *name, Fault *fault);

/* One of them; "" and 0 where it is not there, or is something else. */
const char *properties_string(const json_t *properties, const char *key);
uint64_t properties_number(const json_t *properties, const char *key);

/* Is @value an array of numbers, and so a set of CPUs? */
bool properties_cpus(Cpus *ret, const json_t *value);
