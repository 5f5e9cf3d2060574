/* SPDX-License-Identifier: ISC */
#pragma once

/* Rates as lines of a table, which fit the width that they are given. */

#include <jansson.h>

#include "ctl/rates.h"

#define TOP_LINE_MAX 511

typedef struct TopStyle {
        size_t name_width; /* of the first column */
        bool by_path;
} TopStyle;

/* As wide as the longest name, but no wider than what is left of @columns, where that is not 0. */
size_t top_name_width(const Table *table, size_t columns);

void top_header(const TopStyle *style, char ret[static TOP_LINE_MAX + 1]);
void top_line(const Rates *rates, const TopStyle *style, char ret[static TOP_LINE_MAX + 1]);

/* An array with an object for each. NULL when memory ran out. */
json_t *top_json(const Table *table, bool by_path);
