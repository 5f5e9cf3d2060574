/* SPDX-License-Identifier: ISC */

/*
 * The kernel takes some 20 ms for the removal of an interface, nearly all of which is waiting for
 * whoever may still look at it, and the same for many at once. So they are moved into a group of
 * links, which is then removed as one.
 */

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>

#include "network/link.h"
#include "network/removal.h"
#include "network/request.h"

/* "alb", and a number: nobody else's group. What is in it is ours and was to be removed, also when
 * it is there from a service that was killed meanwhile. */
#define GROUP 0x616c6201U

/* How many are looked at and moved together; the last request of a batch removes the group. */
#define AT_ONCE (NETLINK_BATCH_MAX - 1)

/* How often a dump is asked for again when something changed meanwhile. */
#define TRIES 8

typedef struct Found {
        int indexes[AT_ONCE];
        size_t n;
} Found;

static int on_named(void *userdata, struct nlmsghdr *header) {
        Found *found = userdata;
        Link link;

        if (link_parse(header, &link) == 0 && link_is_ours(&link) && found->n < AT_ONCE)
                found->indexes[found->n++] = link.index;
        return 0;
}

/* Some may go by themselves meanwhile, with their tenders; that is what was wanted. Others that
 * could not be moved are still there. */
static int result_of(const Batch *batch) {
        for (size_t i = 0; i < batch->n; i++)
                if (batch->errors[i] < 0 && batch->errors[i] != -ENODEV)
                        return batch->errors[i];
        return 0;
}

/* Which of @names are ours. One that is not there is a failure of its own request only. */
static int find_named(Netlink *netlink, const NetworkName *names, size_t n_names, Found *ret) {
        const struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
        Batch batch = {};
        int r = 0;

        for (size_t i = 0; r == 0 && i < n_names; i++) {
                struct nl_msg *message;

                if (!tap_name_is_ours(names[i].text))
                        continue;
                message = batch_add(&batch, RTM_GETLINK, 0, &info, sizeof(info));
                if (!message || nla_put_string(message, IFLA_IFNAME, names[i].text) < 0 ||
                    nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)
                        r = -ENOMEM;
        }
        if (r == 0)
                r = netlink_talk(netlink, &batch, on_named, ret);
        if (r == -ENODEV)
                r = result_of(&batch);
        batch_clear(&batch);
        return r;
}

static int add_to_group(Batch *batch, int index) {
        const struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = index};
        struct nl_msg *message = batch_add(batch, RTM_NEWLINK, 0, &info, sizeof(info));

        return message && nla_put_u32(message, IFLA_GROUP, GROUP) >= 0 ? 0 : -ENOMEM;
}

static int add_removal(Batch *batch) {
        const struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
        struct nl_msg *message = batch_add(batch, RTM_DELLINK, 0, &info, sizeof(info));

        return message && nla_put_u32(message, IFLA_GROUP, GROUP) >= 0 ? 0 : -ENOMEM;
}

static int remove_found(Netlink *netlink, const Found *found) {
        Batch batch = {};
        int r = 0;

        for (size_t i = 0; r == 0 && i < found->n; i++)
                r = add_to_group(&batch, found->indexes[i]);
        if (r == 0)
                r = add_removal(&batch);
        if (r == 0) {
                r = netlink_talk(netlink, &batch, NULL, NULL);
                if (r == -ENODEV)
                        r = result_of(&batch);
        }
        batch_clear(&batch);
        return r;
}

int taps_remove(Netlink *netlink, const NetworkName *names, size_t n_names) {
        int r = 0;

        while (r == 0 && n_names > 0) {
                size_t n = MIN_OF(n_names, (size_t) AT_ONCE);
                Found found = {};

                r = find_named(netlink, names, n, &found);
                if (r == 0 && found.n > 0)
                        r = remove_found(netlink, &found);
                names += n;
                n_names -= n;
        }
        return r;
}

typedef struct Listing {
        NetworkName *names;
        size_t n, n_allocated;
} Listing;

static int on_listed(void *userdata, struct nlmsghdr *header) {
        Listing *listing = userdata;
        Link link;

        if (link_parse(header, &link) < 0 || !link_is_ours(&link))
                return 0;
        if (listing->n == listing->n_allocated) {
                size_t n = listing->n_allocated * 2 + 64;
                NetworkName *larger = reallocarray(listing->names, n, sizeof(*larger));

                if (!larger)
                        return -ENOMEM;
                listing->names = larger;
                listing->n_allocated = n;
        }
        memcpy(listing->names[listing->n++].text, link.name, sizeof(listing->names->text));
        return 0;
}

static int ask_for_taps(Netlink *netlink, Listing *listing) {
        const struct ifinfomsg all = {.ifi_family = AF_UNSPEC};
        struct nl_msg *message;
        struct nlattr *info;
        Batch batch = {};
        int r = -ENOMEM;

        message = batch_add(&batch, RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all));
        info = message && nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) >= 0
                       ? nla_nest_start(message, IFLA_LINKINFO)
                       : NULL;
        if (info && nla_put_string(message, IFLA_INFO_KIND, "tun") >= 0) {
                nla_nest_end(message, info);
                r = netlink_talk(netlink, &batch, on_listed, listing);
        }
        batch_clear(&batch);
        return r;
}

int taps_list(Netlink *netlink, NetworkName **ret, size_t *ret_n) {
        Listing listing = {};
        int r = -EAGAIN;

        for (unsigned i = 0; i < TRIES && r == -EAGAIN; i++) {
                listing.n = 0;
                r = ask_for_taps(netlink, &listing);
        }
        /* Something else changes all the time: what was seen is there. */
        if (r < 0 && r != -EAGAIN) {
                free(listing.names);
                return r;
        }
        *ret = listing.names;
        *ret_n = listing.n;
        return 0;
}
