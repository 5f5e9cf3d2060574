/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The table of unikernels, as a tree of their paths or as plain lines with full names.
 */

#include <stdbool.h>

#include "ctl/listing.h"

typedef struct TableStyle {
        bool tree, header, colours;
        uint64_t now_usec;
} TableStyle;

/* Prints it to stdout. -ENOMEM. */
int table_print(const Listing *listing, const TableStyle *style);
