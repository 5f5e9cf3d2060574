/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/colour.h"
#include "ctl/columns.h"
#include "ctl/human.h"
#include "ctl/table.h"

enum {
        COLUMN_NAME,
        COLUMN_STATE,
        COLUMN_UPTIME,
        COLUMN_MEMORY,
        COLUMN_CPUS,
        COLUMN_RESTARTS,
        COLUMN_TYPE,
        N_COLUMNS
};

/* The folder that is open at each depth while the sorted names go by. */
typedef struct Folders {
        struct libscols_line *lines[NAME_LABELS_MAX];
        char path[NAME_MAX_LENGTH + 1]; /* of the deepest one that is open */
} Folders;

static int set_cells(struct libscols_table *table,
                     struct libscols_line *line,
                     const Listed *item,
                     const TableStyle *style) {
        char uptime[HUMAN_MAX + 1] = "-", memory[HUMAN_MAX + 1], restarts[16];
        char cpus_text[CPUS_TEXT_MAX + 1] = "all";
        bool running = strcmp(item->state, "running") == 0;
        const char *cells[N_COLUMNS];
        Cpus cpus;

        if (running && style->now_usec > item->since_usec)
                human_span(style->now_usec - item->since_usec, uptime);
        human_size(item->memory_bytes, memory);
        if (cpus_from_ids(&cpus, item->cpus, item->n_cpus, NULL) >= 0)
                cpus_format(&cpus, cpus_text);
        snprintf(restarts, sizeof(restarts), "%u", item->n_restarts);

        cells[COLUMN_NAME] = NULL;
        cells[COLUMN_STATE] = item->state;
        cells[COLUMN_UPTIME] = uptime;
        cells[COLUMN_MEMORY] = memory;
        cells[COLUMN_CPUS] = cpus_text;
        cells[COLUMN_RESTARTS] = restarts;
        cells[COLUMN_TYPE] = item->type;
        if (columns_fill(table, line, cells) < 0)
                return -ENOMEM;

        if (style->colours &&
            scols_line_set_color(line, colour_sequence(colour_of_state(item->state), true)) < 0)
                return -ENOMEM;
        return 0;
}

/* How many leading labels the first @length bytes of @a share with @b, both of them paths. */
static size_t common_depth(const char *a, const char *b) {
        size_t depth = 0;

        for (size_t i = 0;; i++) {
                bool a_ends = a[i] == ':' || a[i] == '\0', b_ends = b[i] == ':' || b[i] == '\0';

                if (a_ends && b_ends && i > 0)
                        depth++;
                if (a[i] != b[i] || a[i] == '\0')
                        return depth;
        }
}

/* Opens the folders that @name lies in, keeping those that are open already. *@ret is the line of
 * the last, NULL at the root. */
static int folders_enter(Folders *folders,
                         struct libscols_table *table,
                         const Name *name,
                         struct libscols_line **ret) {
        char path[NAME_MAX_LENGTH + 1];
        struct libscols_line *parent = NULL;
        size_t depth = 0, n_common;

        snprintf(path, sizeof(path), "%.*s", (int) name_path_length(name), name->text);
        n_common = common_depth(path, folders->path);

        for (const char *label = path; *label; depth++) {
                size_t length = strcspn(label, ":");
                char text[NAME_LABEL_MAX + 2];

                if (depth >= n_common) {
                        /* The ":" tells a path from a unikernel of the same name. */
                        snprintf(text, sizeof(text), "%.*s:", (int) length, label);
                        folders->lines[depth] = scols_table_new_line(table, parent);
                        if (!folders->lines[depth] ||
                            scols_line_set_data(folders->lines[depth], COLUMN_NAME, text) < 0)
                                return -ENOMEM;
                }
                parent = folders->lines[depth];
                label += length + (label[length] == ':');
        }

        strcpy(folders->path, path);
        *ret = parent;
        return 0;
}

static int add_item(struct libscols_table *table,
                    Folders *folders,
                    const Listed *item,
                    const TableStyle *style) {
        struct libscols_line *parent = NULL, *line;
        Name name;
        int r;

        r = name_parse(&name, item->name, NULL);
        if (r < 0)
                return r;
        if (style->tree) {
                r = folders_enter(folders, table, &name, &parent);
                if (r < 0)
                        return r;
        }
        line = scols_table_new_line(table, parent);
        if (!line ||
            scols_line_set_data(line, COLUMN_NAME, style->tree ? name_label(&name) : name.text) < 0)
                return -ENOMEM;
        return set_cells(table, line, item, style);
}

int table_print(const Listing *listing, const TableStyle *style) {
        const Column columns[N_COLUMNS] = {
                [COLUMN_NAME] = {"NAME", style->tree ? SCOLS_FL_TREE : 0},
                [COLUMN_STATE] = {"STATE", 0},
                [COLUMN_UPTIME] = {"UPTIME", SCOLS_FL_RIGHT},
                [COLUMN_MEMORY] = {"MEMORY", SCOLS_FL_RIGHT},
                [COLUMN_CPUS] = {"CPUS", 0},
                [COLUMN_RESTARTS] = {"RESTARTS", SCOLS_FL_RIGHT},
                [COLUMN_TYPE] = {"TYPE", 0},
        };
        _cleanup_(columns_unrefp) struct libscols_table *table = NULL;
        Folders folders = {};
        int r;

        r = columns_new(&table, columns, N_COLUMNS, style->header);
        if (r < 0)
                return r;
        /* Lines and corners where the locale has them. */
        scols_table_enable_ascii(table, !colour_has_utf8());
        scols_table_enable_colors(table, style->colours);
        for (size_t i = 0; i < listing->n_items; i++) {
                r = add_item(table, &folders, &listing->items[i], style);
                if (r < 0)
                        return r;
        }
        return scols_print_table(table);
}
