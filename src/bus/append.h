/* SPDX-License-Identifier: ISC */
#pragma once

/* What several replies have in them. */

#include <systemd/sd-bus.h>

#include "domain/cpus.h"

/* A set of CPUs as "au". */
int bus_append_cpus(sd_bus_message *message, const Cpus *cpus);

/* The same as the entry "CPUs" of an a{sv}. */
int bus_append_entry_cpus(sd_bus_message *reply, const Cpus *cpus);

/* Opens the entry @key of an a{sv} and in it a list, whose type is @array ("as"); closes it. */
int bus_open_list(sd_bus_message *reply, const char *key, const char *array);
int bus_close_list(sd_bus_message *reply);
