/* SPDX-License-Identifier: ISC */

/*
 * The same change to all unikernels below a path, in the order of their startup priority: what
 * others need starts before them and is stopped after them. Those of one priority are changed at
 * the same time, but not too many.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"

typedef struct Bulk Bulk;

typedef struct BulkItem {
        Bulk *bulk;
        Name name;
        uint32_t startup;
} BulkItem;

struct Bulk {
        Manager *manager;
        BulkOrder order;
        BulkItem *items;
        size_t n_items, next;
        unsigned n_pending;
        bool is_busy; /* with beginning some */
        BulkFailure *failures;
        size_t n_failures;
        int r; /* that the failures can't be told */
        BulkDone done;
        void *userdata;
};

static void bulk_free(Bulk *bulk) {
        for (size_t i = 0; i < bulk->n_failures; i++)
                free(bulk->failures[i].fault);
        free(bulk->failures);
        free(bulk->items);
        free(bulk);
}

static void go_on(Bulk *bulk);

static int note_failure(Bulk *bulk, const Name *name, int r, const Fault *fault) {
        BulkFailure *larger;

        larger = reallocarray(bulk->failures, bulk->n_failures + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        bulk->failures = larger;
        larger[bulk->n_failures] = (BulkFailure){.name = *name, .r = r, .fault = fault_copy(fault)};
        if (!larger[bulk->n_failures].fault)
                return -ENOMEM;
        bulk->n_failures++;
        return 0;
}

static void on_done(void *userdata, int r, const Fault *fault) {
        BulkItem *item = userdata;
        Bulk *bulk = item->bulk;

        /* One that is gone meanwhile is none of those any more. */
        if (r < 0 && fault->code != FAULT_NO_SUCH_UNIKERNEL) {
                r = note_failure(bulk, &item->name, r, fault);
                if (r < 0)
                        bulk->r = r;
        }
        bulk->n_pending--;
        go_on(bulk);
}

static void begin_one(Bulk *bulk, BulkItem *item) {
        bulk->n_pending++;
        if (bulk->order.verb == BULK_START)
                manager_start(bulk->manager, &item->name, on_done, item);
        else if (bulk->order.verb == BULK_RESTART)
                manager_restart(bulk->manager, &item->name, on_done, item);
        else
                manager_stop(bulk->manager,
                             &(const StopOrder){
                                     .name = item->name,
                                     .until_boot = bulk->order.until_boot,
                             },
                             on_done, item);
}

static void go_on(Bulk *bulk) {
        /* What is done at once is answered from within: the loop below goes on then. */
        if (bulk->is_busy)
                return;
        bulk->is_busy = true;
        while (bulk->next < bulk->n_items && bulk->n_pending < UNIKERNELS_AT_ONCE) {
                BulkItem *item = &bulk->items[bulk->next];

                if (bulk->n_pending > 0 && item->startup != item[-1].startup)
                        break;
                bulk->next++;
                begin_one(bulk, item);
        }
        bulk->is_busy = false;
        if (bulk->n_pending > 0 || bulk->next < bulk->n_items)
                return;
        bulk->done(bulk->userdata, bulk->r, bulk->failures, bulk->n_failures);
        bulk_free(bulk);
}

static int add_item(void *userdata, const Unikernel *unikernel) {
        Bulk *bulk = userdata;
        BulkItem *larger;

        /* A restart is for what is to run; what is stopped stays so. */
        if (bulk->order.verb == BULK_RESTART &&
            (unikernel->state == STATE_STOPPED || unikernel->state == STATE_FAILED))
                return 0;
        larger = reallocarray(bulk->items, bulk->n_items + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        bulk->items = larger;
        larger[bulk->n_items++] = (BulkItem){
                .bulk = bulk,
                .name = unikernel->name,
                .startup = unikernel->config.startup,
        };
        return 0;
}

static int compare(const void *a, const void *b) {
        const BulkItem *one = a, *other = b;

        if (one->startup != other->startup)
                return one->startup < other->startup ? -1 : 1;
        return strcmp(one->name.text, other->name.text);
}

static int compare_reverse(const void *a, const void *b) {
        return compare(b, a);
}

void manager_bulk(Manager *manager, const BulkOrder *order, BulkDone done, void *userdata) {
        Bulk *bulk;
        int r;

        bulk = calloc(1, sizeof(*bulk));
        if (!bulk) {
                done(userdata, -ENOMEM, NULL, 0);
                return;
        }
        bulk->manager = manager;
        bulk->order = *order;
        bulk->done = done;
        bulk->userdata = userdata;
        r = manager_visit(manager, order->prefix.text, add_item, bulk);
        if (r < 0) {
                done(userdata, r, NULL, 0);
                bulk_free(bulk);
                return;
        }
        if (bulk->n_items > 0)
                qsort(bulk->items, bulk->n_items, sizeof(*bulk->items),
                      order->verb == BULK_STOP ? compare_reverse : compare);
        go_on(bulk);
}
