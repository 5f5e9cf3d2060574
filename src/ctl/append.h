/* SPDX-License-Identifier: ISC */
#pragma once

/* Entries of an a{sv} whose values are lists: what sd-bus takes three containers for. */

#include <systemd/sd-bus.h>

#include "domain/bridges.h"
#include "domain/config.h"
#include "domain/cpus.h"
#include "domain/devices.h"

int append_cpus(sd_bus_message *message, const Cpus *cpus);

/* @key with "as": a NULL-terminated list, or texts one after the other. */
int append_words(sd_bus_message *message, const char *key, char **words);
int append_strings(sd_bus_message *message, const char *key, const Strings *strings);
int append_bridges(sd_bus_message *message, const Bridges *bridges);

int append_nets(sd_bus_message *message, const Devices *devices);
int append_blocks(sd_bus_message *message, const Devices *devices);

/* Both entries of it. */
int append_restart(sd_bus_message *message, const RestartRule *rule);
