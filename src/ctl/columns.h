/* SPDX-License-Identifier: ISC */
#pragma once

/* A table with a heading for each column, by libsmartcols. */

#include <libsmartcols.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Column {
        const char *heading;
        int flags; /* SCOLS_FL_RIGHT, SCOLS_FL_TREE */
} Column;

/* The caller gives *@ret back by columns_unrefp(). */
int columns_new(struct libscols_table **ret,
                const Column *columns,
                size_t n_columns,
                bool headings);
void columns_unrefp(struct libscols_table **table);

/* Fills a line with a copy of each of @cells, of which there are as many as columns; NULL leaves
 * one as it is. */
int columns_fill(struct libscols_table *table,
                 struct libscols_line *line,
                 const char *const *cells);

/* The same with a new line, at the end. */
int columns_add(struct libscols_table *table, const char *const *cells);
