/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "ctl/call.h"
#include "ctl/error.h"
#include "ctl/listing.h"

/* Reads one structure; 0 at the end of the array. */
static int item_read(Listed *ret, sd_bus_message *reply) {
        const void *cpus;
        size_t cpus_size;
        Listed item;
        int r;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "ssttauuso");
        if (r <= 0)
                return r;
        r = sd_bus_message_read(reply, "sstt", &item.name, &item.state, &item.since_usec,
                                &item.memory_bytes);
        if (r < 0)
                return r;
        r = sd_bus_message_read_array(reply, 'u', &cpus, &cpus_size);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "uso", &item.n_restarts, &item.type, NULL);
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(reply);
        if (r < 0)
                return r;

        item.cpus = cpus;
        item.n_cpus = cpus_size / sizeof(*item.cpus);
        *ret = item;
        return 1;
}

static int items_read(Listing *listing) {
        size_t n_allocated = 0;
        int r;

        r = sd_bus_message_enter_container(listing->reply, SD_BUS_TYPE_ARRAY, "(ssttauuso)");
        if (r < 0)
                return r;
        for (;;) {
                if (listing->n_items == n_allocated) {
                        Listed *larger;

                        n_allocated = n_allocated ? n_allocated * 2 : 64;
                        larger = reallocarray(listing->items, n_allocated, sizeof(*larger));
                        if (!larger)
                                return -ENOMEM;
                        listing->items = larger;
                }
                r = item_read(&listing->items[listing->n_items], listing->reply);
                if (r <= 0)
                        return r;
                listing->n_items++;
        }
}

int listing_request(sd_bus_message **ret, sd_bus *bus, const Name *path, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        int r;

        r = call_new(&request, bus, "ListUnikernels", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "s", path->text);
        if (r < 0)
                return error_from_bus(fault, NULL, r);

        *ret = TAKE_PTR(request);
        return 0;
}

int listing_read(Listing *ret, sd_bus_message *reply, Fault *fault) {
        _cleanup_(listing_done) Listing listing = {.reply = sd_bus_message_ref(reply)};
        int r;

        r = items_read(&listing);
        if (r < 0)
                return error_from_bus(fault, NULL, r);

        *ret = listing;
        listing = (Listing){};
        return 0;
}

int listing_get(Listing *ret, sd_bus *bus, const Name *path, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL, *reply = NULL;
        int r;

        r = listing_request(&request, bus, path, fault);
        if (r < 0)
                return r;
        r = call_now(&reply, bus, request, CALL_DEFAULT, fault);
        if (r < 0)
                return r;
        return listing_read(ret, reply, fault);
}

int listing_check_name(sd_bus *bus, const Name *name, Fault *fault) {
        _cleanup_(listing_done) Listing listing = {};
        int r;

        r = call_check_unikernel(bus, name, fault);
        if (r >= 0 || fault->code != FAULT_NO_SUCH_UNIKERNEL)
                return r;
        r = listing_get(&listing, bus, name, fault);
        if (r < 0 || listing.n_items > 0)
                return r;
        return name_refuse_unknown(name, fault);
}

void listing_done(Listing *listing) {
        free(listing->items);
        sd_bus_message_unref(listing->reply);
        *listing = (Listing){};
}
