/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/import/item.h"

void items_done(Items *items) {
        for (size_t i = 0; i < items->n_items; i++) {
                Item *item = &items->items[i];

                free(item->original);
                free(item->why);
                strings_clear(&item->remarks);
                policy_clear(&item->policy);
                config_clear(&item->config);
        }
        free(items->items);
        fd_close(items->block_dir_fd);
        *items = (Items){.block_dir_fd = -1};
}

int items_add(Items *items, ItemKind kind, Item **ret) {
        if (items->n_items == ITEMS_MAX)
                return -E2BIG;
        /* Doubled whenever it is full. */
        if ((items->n_items & (items->n_items - 1)) == 0) {
                size_t n = items->n_items ? 2 * items->n_items : 1;
                Item *larger = reallocarray(items->items, n, sizeof(*larger));

                if (!larger)
                        return -ENOMEM;
                items->items = larger;
        }
        *ret = &items->items[items->n_items];
        **ret = (Item){.kind = kind, .number = items->n_items++};
        return 0;
}

static int compare_names(const void *a, const void *b) {
        const Item *one = a, *other = b;
        int c;

        if (one->kind != other->kind)
                return one->kind < other->kind ? -1 : 1;
        /* A path comes before all that is below it. */
        c = strcmp(one->name.text, other->name.text);
        if (c != 0)
                return c;
        return one->number < other->number ? -1 : 1;
}

static int compare_starts(const void *a, const void *b) {
        const Item *one = a, *other = b;

        if (one->kind == ITEM_UNIKERNEL && other->kind == ITEM_UNIKERNEL &&
            one->config.startup != other->config.startup)
                return one->config.startup < other->config.startup ? -1 : 1;
        return compare_names(a, b);
}

static bool is_double(const Item *item, const Item *before) {
        /* The path of a policy may be the root's, which is empty. */
        return item->kind == before->kind && item->outcome != OUTCOME_FAILED &&
               strcmp(item->name.text, before->name.text) == 0 &&
               (item->name.text[0] || item->kind == ITEM_POLICY);
}

int items_arrange(Items *items) {
        Fault fault;
        int r;

        if (items->n_items == 0)
                return 0;
        qsort(items->items, items->n_items, sizeof(*items->items), compare_names);
        for (size_t i = 1; i < items->n_items; i++) {
                Item *item = &items->items[i];

                if (!is_double(item, item - 1))
                        continue;
                r = fault_set(&fault, FAULT_ALREADY_EXISTS,
                              "There is more than one %s of that name, this one is left out",
                              item_kind_to_string(item->kind));
                r = item_fail(item, r, &fault);
                if (r < 0)
                        return r;
        }
        qsort(items->items, items->n_items, sizeof(*items->items), compare_starts);
        return 0;
}

int item_fail(Item *item, int r, const Fault *fault) {
        Fault plain = {};

        if (!fault || fault->code == FAULT_NONE) {
                fault_set(&plain, FAULT_FAILED, "%s", strerror(-r));
                fault = &plain;
        }
        item->outcome = OUTCOME_FAILED;
        free(item->why);
        item->why = fault_copy(fault);
        return item->why ? 0 : -ENOMEM;
}

int item_remark(Item *item, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = vasprintf(&text, format, arguments);
        va_end(arguments);
        if (r < 0) {
                text = NULL;
                return -ENOMEM;
        }
        return strings_append(&item->remarks, text);
}

const char *item_kind_to_string(ItemKind kind) {
        static const char *const words[ITEM_N_KINDS] = {
                [ITEM_POLICY] = "policy",
                [ITEM_BLOCK] = "block device",
                [ITEM_UNIKERNEL] = "unikernel",
        };

        return words[kind];
}
