/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>

#include "network/link.h"
#include "network/request.h"

/* A port's own settings, as its bridge tells them. */
static int parse_port(struct nlattr *data, Link *link) {
        static const struct nla_policy policy[IFLA_BRPORT_MAX + 1] = {
                [IFLA_BRPORT_LOCKED] = {.type = NLA_U8},
        };
        struct nlattr *found[IFLA_BRPORT_MAX + 1];

        if (nla_parse_nested(found, IFLA_BRPORT_MAX, data, policy) < 0)
                return -EBADMSG;
        if (found[IFLA_BRPORT_LOCKED])
                link->locked = nla_get_u8(found[IFLA_BRPORT_LOCKED]);
        return 0;
}

static int parse_bridge(struct nlattr *data, Link *link) {
        static const struct nla_policy policy[IFLA_BR_MAX + 1] = {
                [IFLA_BR_VLAN_FILTERING] = {.type = NLA_U8},
                [IFLA_BR_VLAN_DEFAULT_PVID] = {.type = NLA_U16},
        };
        struct nlattr *found[IFLA_BR_MAX + 1];

        if (nla_parse_nested(found, IFLA_BR_MAX, data, policy) < 0)
                return -EBADMSG;
        if (found[IFLA_BR_VLAN_FILTERING] && nla_get_u8(found[IFLA_BR_VLAN_FILTERING]) &&
            found[IFLA_BR_VLAN_DEFAULT_PVID])
                link->vlan = nla_get_u16(found[IFLA_BR_VLAN_DEFAULT_PVID]);
        return 0;
}

static int parse_kind(struct nlattr *info, Link *link) {
        static const struct nla_policy policy[IFLA_INFO_MAX + 1] = {
                [IFLA_INFO_KIND] = {.type = NLA_STRING},
                [IFLA_INFO_DATA] = {.type = NLA_NESTED},
                [IFLA_INFO_SLAVE_KIND] = {.type = NLA_STRING},
                [IFLA_INFO_SLAVE_DATA] = {.type = NLA_NESTED},
        };
        struct nlattr *found[IFLA_INFO_MAX + 1];
        int r = 0;

        if (nla_parse_nested(found, IFLA_INFO_MAX, info, policy) < 0)
                return -EBADMSG;
        if (found[IFLA_INFO_KIND])
                link->kind = nla_get_string(found[IFLA_INFO_KIND]);
        if (strcmp(link->kind, "bridge") == 0 && found[IFLA_INFO_DATA])
                r = parse_bridge(found[IFLA_INFO_DATA], link);
        if (r == 0 && found[IFLA_INFO_SLAVE_KIND] && found[IFLA_INFO_SLAVE_DATA] &&
            strcmp(nla_get_string(found[IFLA_INFO_SLAVE_KIND]), "bridge") == 0)
                r = parse_port(found[IFLA_INFO_SLAVE_DATA], link);
        return r;
}

int link_parse(struct nlmsghdr *header, Link *ret) {
        static const struct nla_policy policy[IFLA_MAX + 1] = {
                [IFLA_IFNAME] = {.type = NLA_STRING, .maxlen = IFNAMSIZ},
                [IFLA_MTU] = {.type = NLA_U32},
                [IFLA_IFALIAS] = {.type = NLA_STRING},
                [IFLA_LINKINFO] = {.type = NLA_NESTED},
        };
        struct nlattr *found[IFLA_MAX + 1];
        Link link = {.alias = "", .kind = ""};
        const struct ifinfomsg *info;
        int r = 0;

        if (header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK)
                return -EBADMSG;
        if (nlmsg_parse(header, sizeof(*info), found, IFLA_MAX, policy) < 0)
                return -EBADMSG;
        info = nlmsg_data(header);
        if (info->ifi_family != AF_UNSPEC || info->ifi_index <= 0 || !found[IFLA_IFNAME])
                return -EBADMSG;

        link.index = info->ifi_index;
        nla_strlcpy(link.name, found[IFLA_IFNAME], sizeof(link.name));
        if (found[IFLA_MTU])
                link.mtu = nla_get_u32(found[IFLA_MTU]);
        if (found[IFLA_IFALIAS])
                link.alias = nla_get_string(found[IFLA_IFALIAS]);
        if (found[IFLA_LINKINFO])
                r = parse_kind(found[IFLA_LINKINFO], &link);
        if (r == 0)
                *ret = link;
        return r;
}

bool link_is_ours(const Link *link) {
        return tap_name_is_ours(link->name) && strcmp(link->kind, "tun") == 0 &&
               strncmp(link->alias, NETWORK_ALIAS, strlen(NETWORK_ALIAS)) == 0;
}
