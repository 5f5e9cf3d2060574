/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "statistics/generic.h"
#include "statistics/links.h"

/* When interfaces come and go meanwhile, the kernel says that what it tells is torn: so often it is
 * asked again. What it tells last is taken as it is. */
#define DUMPS_MAX 3U

void host_links_clear(HostLinks *links) {
        free(links->links);
        free(links->by_name);
        *links = (HostLinks){};
}

static void set(HostLink *link, InterfaceStatistic figure, uint64_t value) {
        link->present |= UINT64_C(1) << figure;
        link->values[figure] = value;
}

/* The kernel's structure grows at its end. */
static void take_counters(struct nlattr *attribute, HostLink *link) {
        static const struct {
                InterfaceStatistic figure;
                size_t offset;
        } counters[] = {
#define COUNTER(figure, member) {figure, offsetof(struct rtnl_link_stats64, member)}
                COUNTER(INTERFACE_INPUT_PACKETS, rx_packets),
                COUNTER(INTERFACE_INPUT_BYTES, rx_bytes),
                COUNTER(INTERFACE_INPUT_ERRORS, rx_errors),
                COUNTER(INTERFACE_INPUT_DROPPED, rx_dropped),
                COUNTER(INTERFACE_INPUT_MULTICAST, multicast),
                COUNTER(INTERFACE_OUTPUT_PACKETS, tx_packets),
                COUNTER(INTERFACE_OUTPUT_BYTES, tx_bytes),
                COUNTER(INTERFACE_OUTPUT_ERRORS, tx_errors),
                COUNTER(INTERFACE_OUTPUT_DROPPED, tx_dropped),
                COUNTER(INTERFACE_COLLISIONS, collisions),
#undef COUNTER
        };

        for (size_t i = 0; i < N_ELEMENTS(counters); i++) {
                uint64_t value;

                if (counters[i].offset + sizeof(value) > (size_t) nla_len(attribute))
                        continue;
                memcpy(&value, (const char *) nla_data(attribute) + counters[i].offset,
                       sizeof(value));
                set(link, counters[i].figure, value);
        }
}

int host_link_parse(struct nlmsghdr *header, HostLink *ret) {
        static const struct nla_policy policy[IFLA_MAX + 1] = {
                [IFLA_IFNAME] = {.type = NLA_STRING, .maxlen = IFNAMSIZ},
                [IFLA_MTU] = {.type = NLA_U32},
                [IFLA_TXQLEN] = {.type = NLA_U32},
                [IFLA_MASTER] = {.type = NLA_U32},
        };
        struct nlattr *found[IFLA_MAX + 1];
        const struct ifinfomsg *info;
        HostLink link = {};

        if (header->nlmsg_type != RTM_NEWLINK ||
            nlmsg_parse(header, sizeof(*info), found, IFLA_MAX, policy) < 0)
                return -EBADMSG;
        info = nlmsg_data(header);
        if (info->ifi_family != AF_UNSPEC || info->ifi_index <= 0 || !found[IFLA_IFNAME])
                return -EBADMSG;

        link.index = info->ifi_index;
        nla_strlcpy(link.name, found[IFLA_IFNAME], sizeof(link.name));
        set(&link, INTERFACE_FLAGS, info->ifi_flags);
        if (found[IFLA_MTU])
                set(&link, INTERFACE_MTU, nla_get_u32(found[IFLA_MTU]));
        if (found[IFLA_TXQLEN])
                set(&link, INTERFACE_MAX_SEND_LENGTH, nla_get_u32(found[IFLA_TXQLEN]));
        if (found[IFLA_MASTER])
                link.master = (int) nla_get_u32(found[IFLA_MASTER]);
        if (found[IFLA_STATS64])
                take_counters(found[IFLA_STATS64], &link);
        *ret = link;
        return 0;
}

static int take_link(void *userdata, struct nlmsghdr *header) {
        HostLinks *links = userdata;
        HostLink link;

        if (host_link_parse(header, &link) < 0)
                return 0;
        if (links->n == links->n_allocated) {
                size_t n = links->n_allocated ? links->n_allocated * 2 : 64;
                HostLink *larger = reallocarray(links->links, n, sizeof(*larger));

                if (!larger)
                        return -ENOMEM;
                links->links = larger;
                links->n_allocated = n;
        }
        links->links[links->n++] = link;
        return 0;
}

/* Without what protocols count, which is most of such an answer. */
static int dump(HostLinks *links, Netlink *route) {
        const struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
        Batch batch = {};
        struct nl_msg *message;
        int r;

        message = batch_add(&batch, RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
        r = message && nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) >= 0 ? 0
                                                                                         : -ENOMEM;
        if (r == 0)
                r = netlink_talk(route, &batch, take_link, links);
        batch_clear(&batch);
        return r;
}

/* --- speeds --- */

typedef struct Speeds {
        HostLinks *links;
        int family;
} Speeds;

static int take_speed(void *userdata, struct nlmsghdr *header) {
        static const struct nla_policy header_policy[ETHTOOL_A_HEADER_MAX + 1] = {
                [ETHTOOL_A_HEADER_DEV_INDEX] = {.type = NLA_U32},
        };
        static const struct nla_policy policy[ETHTOOL_A_LINKMODES_MAX + 1] = {
                [ETHTOOL_A_LINKMODES_HEADER] = {.type = NLA_NESTED},
                [ETHTOOL_A_LINKMODES_SPEED] = {.type = NLA_U32},
        };
        struct nlattr *found[ETHTOOL_A_LINKMODES_MAX + 1], *of[ETHTOOL_A_HEADER_MAX + 1];
        const Speeds *speeds = userdata;
        const HostLink *link;
        uint32_t mbits;

        if (header->nlmsg_type != speeds->family ||
            nlmsg_parse(header, sizeof(struct genlmsghdr), found, ETHTOOL_A_LINKMODES_MAX, policy) <
                    0 ||
            !found[ETHTOOL_A_LINKMODES_HEADER] || !found[ETHTOOL_A_LINKMODES_SPEED] ||
            nla_parse_nested(of, ETHTOOL_A_HEADER_MAX, found[ETHTOOL_A_LINKMODES_HEADER],
                             header_policy) < 0 ||
            !of[ETHTOOL_A_HEADER_DEV_INDEX])
                return 0;
        link = host_links_at(speeds->links, (int) nla_get_u32(of[ETHTOOL_A_HEADER_DEV_INDEX]));
        mbits = nla_get_u32(found[ETHTOOL_A_LINKMODES_SPEED]);
        /* What is not known to it is -1. */
        if (link && mbits > 0 && mbits <= INT32_MAX)
                set(speeds->links->links + (link - speeds->links->links), INTERFACE_SPEED,
                    UINT64_C(1000000) * mbits);
        return 0;
}

static void read_speeds(HostLinks *links, Netlink *generic) {
        Speeds speeds = {.links = links, .family = generic_family(generic, "ethtool")};
        Batch batch = {};
        struct nl_msg *message;
        struct nlattr *nest;

        if (speeds.family < 0)
                return;
        message = generic_add(&batch, speeds.family, ETHTOOL_MSG_LINKMODES_GET, NLM_F_DUMP);
        nest = message ? nla_nest_start(message, ETHTOOL_A_LINKMODES_HEADER | NLA_F_NESTED) : NULL;
        if (nest &&
            nla_put_u32(message, ETHTOOL_A_HEADER_FLAGS, ETHTOOL_FLAG_COMPACT_BITSETS) >= 0) {
                nla_nest_end(message, nest);
                (void) netlink_talk(generic, &batch, take_speed, &speeds);
        }
        batch_clear(&batch);
}

/* --- all of them --- */

static int compare_indexes(const void *a, const void *b) {
        int left = ((const HostLink *) a)->index, right = ((const HostLink *) b)->index;

        return (left > right) - (left < right);
}

static int compare_names(const void *a, const void *b, void *userdata) {
        const HostLink *links = userdata;

        return strcmp(links[*(const size_t *) a].name, links[*(const size_t *) b].name);
}

int host_links_read(HostLinks *links, Netlink *route, Netlink *generic) {
        int r = -EAGAIN;

        for (unsigned i = 0; r == -EAGAIN && i < DUMPS_MAX; i++) {
                links->n = 0;
                r = dump(links, route);
        }
        if (r < 0 && r != -EAGAIN)
                return r;
        links->by_name = calloc(links->n + 1, sizeof(*links->by_name));
        if (!links->by_name)
                return -ENOMEM;
        for (size_t i = 0; i < links->n; i++)
                links->by_name[i] = i;
        if (links->n > 0) {
                qsort(links->links, links->n, sizeof(*links->links), compare_indexes);
                qsort_r(links->by_name, links->n, sizeof(*links->by_name), compare_names,
                        links->links);
        }
        read_speeds(links, generic);
        return 0;
}

const HostLink *host_links_find(const HostLinks *links, const char *name) {
        size_t first = 0, n = links->n;

        while (n > 0) {
                const HostLink *middle = &links->links[links->by_name[first + n / 2]];
                int difference = strcmp(name, middle->name);

                if (difference == 0)
                        return middle;
                if (difference > 0) {
                        first += n / 2 + 1;
                        n -= n / 2 + 1;
                } else
                        n /= 2;
        }
        return NULL;
}

const HostLink *host_links_at(const HostLinks *links, int index) {
        const HostLink key = {.index = index};

        return links->n > 0 ? bsearch(&key, links->links, links->n, sizeof(key), compare_indexes)
                            : NULL;
}
