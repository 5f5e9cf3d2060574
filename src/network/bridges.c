/* SPDX-License-Identifier: ISC */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "network/bridges.h"
#include "network/link.h"

/* How often a dump is asked for again when something changed meanwhile. */
#define TRIES 8

static size_t position_of(const HostBridges *bridges, const char *name) {
        size_t low = 0, high = bridges->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(bridges->bridges[middle].name.text, name) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

const HostBridge *host_bridges_find(const HostBridges *bridges, const char *name) {
        size_t i = position_of(bridges, name);

        if (i < bridges->n && strcmp(bridges->bridges[i].name.text, name) == 0)
                return bridges->bridges + i;
        return NULL;
}

static void remove_at(HostBridges *bridges, size_t i) {
        memmove(bridges->bridges + i, bridges->bridges + i + 1,
                (bridges->n - i - 1) * sizeof(*bridges->bridges));
        bridges->n--;
        bridges->changed = true;
}

static int insert(HostBridges *bridges, const HostBridge *bridge) {
        size_t i = position_of(bridges, bridge->name.text);
        HostBridge *larger;

        larger = reallocarray(bridges->bridges, bridges->n + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        memmove(larger + i + 1, larger + i, (bridges->n - i) * sizeof(*larger));
        larger[i] = *bridge;
        bridges->bridges = larger;
        bridges->n++;
        bridges->changed = true;
        return 0;
}

/* One came, changed or went. They are told by their index, since they can be renamed. */
static int note(HostBridges *bridges, int type, const HostBridge *bridge) {
        size_t i;

        for (i = 0; i < bridges->n; i++)
                if (bridges->bridges[i].index == bridge->index)
                        break;
        if (i < bridges->n && type == RTM_NEWLINK &&
            strcmp(bridges->bridges[i].name.text, bridge->name.text) == 0) {
                bridges->bridges[i] = *bridge;
                return 0;
        }
        if (i < bridges->n)
                remove_at(bridges, i);
        return type == RTM_NEWLINK ? insert(bridges, bridge) : 0;
}

static int on_link(void *userdata, struct nlmsghdr *header) {
        HostBridge bridge = {};
        Link link;

        if (link_parse(header, &link) < 0 || strcmp(link.kind, "bridge") != 0)
                return 0;
        bridge.index = link.index;
        bridge.mtu = link.mtu;
        bridge.vlan = link.vlan;
        memcpy(bridge.name.text, link.name, sizeof(bridge.name.text));
        return note(userdata, header->nlmsg_type, &bridge);
}

static int ask_for_bridges(HostBridges *bridges) {
        const struct ifinfomsg all = {.ifi_family = AF_UNSPEC};
        Batch batch = {};
        struct nl_msg *message;
        struct nlattr *info;
        int r = -ENOMEM;

        message = batch_add(&batch, RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all));
        info = message ? nla_nest_start(message, IFLA_LINKINFO) : NULL;
        if (info && nla_put_string(message, IFLA_INFO_KIND, "bridge") >= 0) {
                nla_nest_end(message, info);
                r = netlink_talk(bridges->questions, &batch, on_link, bridges);
        }
        batch_clear(&batch);
        return r;
}

/* From nothing. What comes as a notification as well is noted twice, which does no harm. Where
 * something changes all the time, what was known stays, what is seen is added, and it is asked
 * again later. */
static int reload(HostBridges *bridges) {
        HostBridges fresh = {.questions = bridges->questions};
        int r = -EAGAIN;

        for (unsigned i = 0; i < TRIES && r == -EAGAIN; i++) {
                fresh.n = 0;
                r = ask_for_bridges(&fresh);
        }
        bridges->is_torn = r == -EAGAIN;
        bridges->changed = true;
        for (size_t i = 0; bridges->is_torn && i < fresh.n; i++) {
                r = note(bridges, RTM_NEWLINK, &fresh.bridges[i]);
                if (r < 0)
                        break;
        }
        if (r == 0 && !bridges->is_torn) {
                free(bridges->bridges);
                bridges->bridges = TAKE_PTR(fresh.bridges);
                bridges->n = fresh.n;
        }
        free(fresh.bridges);
        return r == -EAGAIN ? 0 : r;
}

int host_bridges_update(HostBridges *bridges) {
        int r;

        r = netlink_drain(&bridges->notifications, on_link, bridges);
        return r == -ENOBUFS || (r == 0 && bridges->is_torn) ? reload(bridges) : r;
}

/* Each tap that comes or goes is told of five times, and each port by its bridge once more, which
 * nobody here wants to know. The kernel looks at the kind (IFLA_LINKINFO, IFLA_INFO_KIND) of what
 * it tells, and tells of bridges only: a name says nothing, anybody may call his bridge alb1. */
static int leave_out_others(Netlink *netlink) {
        static const uint32_t family = NLMSG_HDRLEN,
                              attributes = NLMSG_HDRLEN + sizeof(struct ifinfomsg),
                              find = (uint32_t) SKF_AD_OFF + SKF_AD_NLATTR,
                              find_inside = (uint32_t) SKF_AD_OFF + SKF_AD_NLATTR_NEST;
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_B | BPF_ABS, family),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNSPEC, 0, 14),
                BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, IFLA_LINKINFO),
                BPF_STMT(BPF_LD | BPF_W | BPF_IMM, attributes),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, find),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 10, 0),
                BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, IFLA_INFO_KIND),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, find_inside),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 7, 0),
                BPF_STMT(BPF_MISC | BPF_TAX, 0),
                /* The string "bridge", in the order of the network. */
                BPF_STMT(BPF_LD | BPF_W | BPF_IND, NLA_HDRLEN),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x62726964, 0, 4),
                BPF_STMT(BPF_LD | BPF_W | BPF_IND, NLA_HDRLEN + 4),
                BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 8),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x676500, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
                BPF_STMT(BPF_RET | BPF_K, 0),
        };
        const struct sock_fprog program = {.len = N_ELEMENTS(code), .filter = code};

        if (setsockopt(nl_socket_get_fd(netlink->socket), SOL_SOCKET, SO_ATTACH_FILTER, &program,
                       sizeof(program)) < 0)
                return -errno;
        return 0;
}

int host_bridges_open(HostBridges *bridges, Netlink *questions) {
        int r;

        bridges->questions = questions;
        r = netlink_open(&bridges->notifications, NETLINK_ROUTE, RTMGRP_LINK);
        if (r < 0)
                return r;
        r = leave_out_others(&bridges->notifications);
        if (r < 0)
                return r;
        return reload(bridges);
}
