/* SPDX-License-Identifier: ISC */

/* Taps that are to go: those that are named, and those that nobody uses. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "manager/network-link-internal.h"
#include "systemd/log.h"

/* So many are removed by one order: the kernel's network lock is held meanwhile, and whoever wants
 * a tap waits for it. */
#define REMOVE_AT_ONCE 64U

static int names_add(Names *names, const char *name) {
        NetworkName *larger;

        if (strlen(name) > NETWORK_INTERFACE_MAX)
                return -EINVAL;
        larger = reallocarray(names->names, names->n + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        names->names = larger;
        larger[names->n] = (NetworkName){};
        strcpy(larger[names->n++].text, name);
        return 0;
}

static int doom(NetworkLink *link, const char *name) {
        int r;

        r = names_add(&link->doomed, name);
        link->n_doomed += r == 0;
        return r;
}

static int name_compare(const void *a, const void *b) {
        return strcmp(((const NetworkName *) a)->text, ((const NetworkName *) b)->text);
}

void names_clear(Names *names) {
        free(names->names);
        *names = (Names){};
}

/* Somebody who waits until so many are removed. */
typedef struct Removal {
        ListLink link;
        uint64_t until;
        int error;
        TapsRemoved removed;
        void *userdata;
} Removal;

static void removal_add(NetworkLink *link, Removal *removal) {
        removal->until = link->n_doomed;
        list_append(&link->removals, &removal->link);
}

/* So many more are done with. */
static void removals_advance(NetworkLink *link, uint32_t n, int error) {
        link->n_removed += n;
        LIST_FOREACH(entry, &link->removals) {
                Removal *removal = LIST_ENTRY(entry, Removal, link);

                /* Whether it was one of his is not known. */
                if (error < 0)
                        removal->error = error;
                if (removal->until > link->n_removed)
                        continue;
                list_remove(entry);
                removal->removed(removal->userdata, removal->error);
                free(removal);
        }
}

void removals_free(NetworkLink *link) {
        LIST_FOREACH(entry, &link->removals) {
                list_remove(entry);
                free(LIST_ENTRY(entry, Removal, link));
        }
}

/* The next removal, of all that has come together meanwhile. */
static int remove_more(NetworkLink *link) {
        _cleanup_(order_freep) Order *order = NULL;
        size_t n = MIN_OF(link->doomed.n, (size_t) REMOVE_AT_ONCE);
        int r;

        if (link->removing || n == 0)
                return 0;
        order = order_new(NETWORK_REMOVE_TAPS);
        if (!order)
                return -ENOMEM;
        order->names = calloc(n, sizeof(*order->names));
        if (!order->names)
                return -ENOMEM;
        memcpy(order->names, link->doomed.names, n * sizeof(*order->names));
        order->request.n_names = (uint32_t) n;

        r = order_give(link, order);
        if (r < 0)
                return r;
        TAKE_PTR(order);
        link->doomed.n -= n;
        memmove(link->doomed.names, link->doomed.names + n,
                link->doomed.n * sizeof(*link->doomed.names));
        link->removing = true;
        return 0;
}

void order_removed(NetworkLink *link, Order *order, int error) {
        int r;

        if (error < 0)
                log_print(LOG_ERR, "%u taps (%s ...) could not be removed: %s",
                          order->request.n_names, order->names[0].text, strerror(-error));
        removals_advance(link, order->request.n_names, error);
        order_free(order);
        link->removing = false;
        r = remove_more(link);
        if (r < 0)
                log_print(LOG_ERR, "%zu taps are not removed: %s", link->doomed.n, strerror(-r));
}

/* Some of the taps that there are: all that nobody keeps go. */
void order_listed(NetworkLink *link, Order *order, const NetworkReply *reply, const char *names) {
        int r = reply->error;

        for (uint32_t i = 0; r >= 0 && i < reply->n_names; i++) {
                NetworkName name;

                memcpy(&name, names + i * sizeof(name), sizeof(name));
                name.text[NETWORK_INTERFACE_MAX] = '\0';
                if (!bsearch(&name, link->keep.names, link->keep.n, sizeof(name), name_compare))
                        r = doom(link, name.text);
        }
        if (r >= 0 && reply->more)
                return;

        names_clear(&link->keep);
        order_free(order);
        if (r >= 0)
                r = remove_more(link);
        if (r < 0)
                log_print(LOG_ERR, "Taps that nobody uses may be left: %s", strerror(-r));
}

int network_remove_taps(NetworkLink *link,
                        const char *const *names,
                        size_t n_names,
                        TapsRemoved removed,
                        void *userdata) {
        _cleanup_(freep) Removal *removal = NULL;
        int r;

        if (removed) {
                removal = calloc(1, sizeof(*removal));
                if (!removal)
                        return -ENOMEM;
                removal->removed = removed;
                removal->userdata = userdata;
        }
        for (size_t i = 0; i < n_names; i++) {
                r = doom(link, names[i]);
                if (r < 0)
                        return r;
        }
        r = remove_more(link);
        if (r < 0)
                return r;
        if (removal)
                removal_add(link, TAKE_PTR(removal));
        return 0;
}

int network_sweep(NetworkLink *link, const char *const *keep, size_t n_keep) {
        _cleanup_(order_freep) Order *order = NULL;
        int r = 0;

        names_clear(&link->keep);
        for (size_t i = 0; r == 0 && i < n_keep; i++)
                r = names_add(&link->keep, keep[i]);
        if (r < 0)
                return r;
        if (n_keep > 0)
                qsort(link->keep.names, n_keep, sizeof(*link->keep.names), name_compare);

        order = order_new(NETWORK_LIST_TAPS);
        if (!order)
                return -ENOMEM;
        r = order_give(link, order);
        if (r < 0)
                return r;
        TAKE_PTR(order);
        return 0;
}
