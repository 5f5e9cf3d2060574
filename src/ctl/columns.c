/* SPDX-License-Identifier: ISC */

#include <errno.h>

#include "base/cleanup.h"
#include "ctl/columns.h"

void columns_unrefp(struct libscols_table **table) {
        scols_unref_table(*table);
}

int columns_new(struct libscols_table **ret,
                const Column *columns,
                size_t n_columns,
                bool headings) {
        _cleanup_(columns_unrefp) struct libscols_table *table = NULL;

        table = scols_new_table();
        if (!table)
                return -ENOMEM;
        scols_table_enable_noheadings(table, !headings);
        for (size_t i = 0; i < n_columns; i++)
                if (!scols_table_new_column(table, columns[i].heading, 0, columns[i].flags))
                        return -ENOMEM;
        *ret = TAKE_PTR(table);
        return 0;
}

int columns_fill(struct libscols_table *table,
                 struct libscols_line *line,
                 const char *const *cells) {
        for (size_t i = 0; i < scols_table_get_ncols(table); i++)
                if (cells[i] && scols_line_set_data(line, i, cells[i]) < 0)
                        return -ENOMEM;
        return 0;
}

int columns_add(struct libscols_table *table, const char *const *cells) {
        struct libscols_line *line = scols_table_new_line(table, NULL);

        return line ? columns_fill(table, line, cells) : -ENOMEM;
}
