/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/rates.h"

#define SAME_START_USEC 50000U

Sample *samples_add(Samples *samples) {
        Sample *larger;

        if (samples->n_items == samples->n_allocated) {
                size_t n = samples->n_allocated ? 2 * samples->n_allocated : 64;

                larger = reallocarray(samples->items, n, sizeof(*larger));
                if (!larger)
                        return NULL;
                samples->items = larger;
                samples->n_allocated = n;
        }
        samples->items[samples->n_items] = (Sample){};
        return &samples->items[samples->n_items++];
}

static int compare_samples(const void *a, const void *b) {
        return strcmp(((const Sample *) a)->name, ((const Sample *) b)->name);
}

void samples_sort(Samples *samples) {
        if (samples->n_items > 0)
                qsort(samples->items, samples->n_items, sizeof(*samples->items), compare_samples);
}

void samples_done(Samples *samples) {
        free(samples->items);
        *samples = (Samples){};
}

void table_done(Table *table) {
        free(table->rows);
        *table = (Table){};
}

/* Where a start is computed from clocks it is never twice the same to the microsecond. One that was
 * started again so soon has hardly used anything before. */
static bool is_same_run(const Sample *before, const Sample *now) {
        uint64_t earlier = MIN_OF(before->start_usec, now->start_usec);

        return before->start_usec + now->start_usec - 2 * earlier < SAME_START_USEC;
}

/* How much one counter grew, per second. */
static bool rate_of(double *ret, const Sample *before, const Sample *now, Figure figure) {
        bool goes_on = before && is_same_run(before, now);
        uint64_t from_usec = goes_on ? before->usec : now->start_usec;
        uint64_t from = goes_on ? before->values[figure] : 0;

        if (!(now->known & FIGURE_BIT(figure)) ||
            (goes_on && !(before->known & FIGURE_BIT(figure))))
                return false;
        /* A clock that was set, or a device that was made anew, tells nothing. */
        if (now->usec <= from_usec || now->values[figure] < from)
                return false;
        *ret = (double) (now->values[figure] - from) * 1e6 / (double) (now->usec - from_usec);
        /* Of a second of a CPU's time, in percent. */
        if (figure == FIGURE_CPU)
                *ret /= 1e4;
        return true;
}

static void compute_one(Rates *ret, const Sample *before, const Sample *now, bool has_rates) {
        memcpy(ret->name, now->name, sizeof(ret->name));
        ret->n_unikernels = 1;
        for (Figure figure = 0; figure < N_FIGURES; figure++) {
                if (figure == FIGURE_MEMORY && (now->known & FIGURE_BIT(figure)))
                        ret->values[figure] = (double) now->values[figure];
                else if (figure == FIGURE_MEMORY || !has_rates ||
                         !rate_of(&ret->values[figure], before, now, figure))
                        continue;
                ret->known |= FIGURE_BIT(figure);
        }
}

int rates_compute(Table *ret, const Samples *before, const Samples *now) {
        Table table = {};
        size_t j = 0;

        table.rows = calloc(MAX_OF(now->n_items, 1U), sizeof(*table.rows));
        if (!table.rows)
                return -ENOMEM;

        for (size_t i = 0; i < now->n_items; i++) {
                const Sample *item = &now->items[i], *same = NULL;

                while (before && j < before->n_items &&
                       strcmp(before->items[j].name, item->name) < 0)
                        j++;
                if (before && j < before->n_items && strcmp(before->items[j].name, item->name) == 0)
                        same = &before->items[j];
                compute_one(&table.rows[table.n_rows++], same, item, before);
        }

        *ret = table;
        return 0;
}

void rates_add(Rates *sum, const Rates *row) {
        sum->n_unikernels += row->n_unikernels;
        sum->known |= row->known;
        for (Figure figure = 0; figure < N_FIGURES; figure++)
                if (row->known & FIGURE_BIT(figure))
                        sum->values[figure] += row->values[figure];
}

static int compare_names(const void *a, const void *b) {
        return strcmp(((const Rates *) a)->name, ((const Rates *) b)->name);
}

/* Makes one of neighbours with the same name. */
static void merge(Table *table) {
        size_t n = 0;

        if (table->n_rows > 0)
                qsort(table->rows, table->n_rows, sizeof(*table->rows), compare_names);
        for (size_t i = 0; i < table->n_rows; i++)
                if (n > 0 && strcmp(table->rows[n - 1].name, table->rows[i].name) == 0)
                        rates_add(&table->rows[n - 1], &table->rows[i]);
                else
                        table->rows[n++] = table->rows[i];
        table->n_rows = n;
}

int rates_by_path(Table *ret, const Table *unikernels) {
        Table table = {};

        /* Each is in as many paths as it has labels: those before its own, and the root. */
        table.rows = calloc(MAX_OF(unikernels->n_rows * NAME_LABELS_MAX, 1U), sizeof(*table.rows));
        if (!table.rows)
                return -ENOMEM;
        for (size_t i = 0; i < unikernels->n_rows; i++) {
                char path[NAME_MAX_LENGTH + 1];

                memcpy(path, unikernels->rows[i].name, sizeof(path));
                while (path[0]) {
                        Rates *row = &table.rows[table.n_rows++];
                        char *colon = strrchr(path, ':');

                        *(colon ? colon : path) = '\0';
                        *row = unikernels->rows[i];
                        memcpy(row->name, path, sizeof(path));
                }
        }
        merge(&table);

        *ret = table;
        return 0;
}

typedef struct Order {
        Figure key;
        bool reverse;
} Order;

static int compare_rates(const void *a, const void *b, void *userdata) {
        const Order *order = userdata;
        const Rates *x = a, *y = b;
        int by_name = strcmp(x->name, y->name);

        if (order->key == N_FIGURES)
                return order->reverse ? -by_name : by_name;
        if ((x->known ^ y->known) & FIGURE_BIT(order->key))
                return x->known & FIGURE_BIT(order->key) ? -1 : 1;
        if (x->values[order->key] > y->values[order->key])
                return order->reverse ? 1 : -1;
        if (x->values[order->key] < y->values[order->key])
                return order->reverse ? -1 : 1;
        return by_name;
}

void rates_sort(Table *table, Figure key, bool reverse) {
        Order order = {.key = key, .reverse = reverse};

        if (table->n_rows > 0)
                qsort_r(table->rows, table->n_rows, sizeof(*table->rows), compare_rates, &order);
}

static const char *const figure_names[N_FIGURES + 1] = {
        [FIGURE_CPU] = "cpu",   [FIGURE_MEMORY] = "memory", [FIGURE_RECEIVED] = "received",
        [FIGURE_SENT] = "sent", [FIGURE_READ] = "read",     [FIGURE_WRITTEN] = "written",
        [N_FIGURES] = "name",
};

int figure_from_string(Figure *ret, const char *text) {
        for (Figure figure = 0; figure <= N_FIGURES; figure++)
                if (strcmp(figure_names[figure], text) == 0) {
                        *ret = figure;
                        return 0;
                }
        return -EINVAL;
}

const char *figure_to_string(Figure figure) {
        return figure_names[figure];
}
