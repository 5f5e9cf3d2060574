/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * InfluxDB's line protocol, as Telegraf takes it: "MEASUREMENT,TAG=VALUE... FIELD=VALUE... TIME".
 * Measurements and fields have the names of the albatross in OCaml, so that what was made for it
 * goes on working; times of the CPU and uptime are seconds there, everything else is as on the bus.
 */

#include <jansson.h>
#include <stdio.h>

/* A tag's value, a tag's key or a field's: with a "\" before what would end it. What can't be
 * written so (line ends, other control characters, "\" itself) becomes "_". */
void influx_write_word(FILE *out, const char *word);

/* All lines of one that statistics_get() has told. */
void influx_write(FILE *out, const json_t *unikernel);
