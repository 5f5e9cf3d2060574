/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What comes from the bus as JSON: dictionaries become objects with the same keys, byte arrays
 * become hexadecimal text, numbers stay what they are (bytes, microseconds UTC).
 */

#include <jansson.h>
#include <stdio.h>
#include <systemd/sd-bus.h>

#include "ctl/export.h"
#include "ctl/options.h"

/* Reads the a{sv} at the message's place into a new object, which the caller owns. */
int json_from_dictionary(json_t **ret, sd_bus_message *message);

/* Reads the a(sa{sv}) there into a new array of such objects, each with its string as @key before
 * the others. The caller owns it. */
int json_from_entries(json_t **ret, sd_bus_message *message, const char *key);

/* A new array of numbers; NULL when memory ran out. */
json_t *json_from_numbers(const uint32_t *numbers, size_t n_numbers);

/* A new string, or an array of bytes where they are no UTF-8. NULL when memory ran out. */
json_t *json_from_bytes(const char *data, size_t size);

/* Prints it with a newline behind, in ASCII: so it is harmless on a terminal. */
int json_print(FILE *out, const json_t *json, JsonMode mode);

/* One line with all fields of a journal entry, as journalctl has it. */
int json_print_entry(FILE *out, const ExportEntry *entry);
