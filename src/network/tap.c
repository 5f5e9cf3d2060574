/* SPDX-License-Identifier: ISC */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "network/link.h"
#include "network/request.h"
#include "network/tap.h"

/* Below that an interface has no IPv6 (RFC 8200), and knows no setting of it. */
#define IPV6_MTU_MIN 1280U

/* How many names are tried. */
#define NAME_TRIES 64U

/* A tap on its way. */
typedef struct Making {
        Netlink *netlink;
        const NetworkRequest *request;
        const HostBridge *bridge;
        int index;
        bool with_ipv6; /* the interface has settings of IPv6 */
} Making;

/* No name is used twice in a boot (of less than three years), so that an order to remove one that
 * has gone by itself can't hit another one. Numbers begin at the time since boot, in units of 100
 * us, in which no tap can be made, hence also after a restart of the service. And the kernel, asked
 * to find a number, would look at every interface that there is. */
static uint64_t next_number(void) {
        static uint64_t number;
        uint64_t ticks = clock_usec(CLOCK_BOOTTIME) / 100;

        number = MAX_OF(number + 1, ticks);
        return number % NETWORK_NUMBER_MAX;
}

static int open_tap(const NetworkRequest *request, NetworkName *ret_name) {
        struct ifreq order = {.ifr_flags = (short) (IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL)};
        _cleanup_(fd_closep) int fd = -1;
        int r;

        fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        /* Somebody else may have interfaces of such names. */
        for (unsigned i = 0; i < NAME_TRIES; i++) {
                (void) snprintf(order.ifr_name, sizeof(order.ifr_name), NETWORK_PREFIX "%" PRIu64,
                                next_number());
                r = ioctl(fd, TUNSETIFF, &order) < 0 ? -errno : 0;
                if (r != -EBUSY)
                        break;
        }
        if (r < 0)
                return r;
        /* Without an owner everybody could open a persistent one. */
        if (ioctl(fd, TUNSETOWNER, (unsigned long) request->uid) < 0)
                return -errno;
        memcpy(ret_name->text, order.ifr_name, sizeof(ret_name->text));
        return TAKE_FD(fd);
}

static int find_index(Netlink *netlink, const NetworkName *name) {
        struct ifreq order = {};

        memcpy(order.ifr_name, name->text, sizeof(order.ifr_name));
        if (ioctl(nl_socket_get_fd(netlink->socket), SIOCGIFINDEX, &order) < 0)
                return -errno;
        return order.ifr_ifindex;
}

/* The host's own end has a MAC, too. A bridge has the lowest of its ports' for its own, unless it
 * was given one, and must not change that when guests come and go: hence the fe, and hence the same
 * one for all taps of a bridge. A guest can't have it, since it is taken by the guest's own tap. */
static int add_address(struct nl_msg *message, const HostBridge *bridge) {
        uint32_t index = htonl((uint32_t) bridge->index);
        uint8_t address[ETH_ALEN] = {0xfe};

        memcpy(address + 2, &index, sizeof(index));
        return nla_put(message, IFLA_ADDRESS, sizeof(address), address);
}

/* Without this the host gets an fe80 address on it. */
static int add_no_ipv6_address(struct nl_msg *message) {
        struct nlattr *families, *inet6;

        families = nla_nest_start(message, IFLA_AF_SPEC);
        inet6 = families ? nla_nest_start(message, AF_INET6) : NULL;
        if (!inet6 || nla_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE) < 0)
                return -ENOMEM;
        nla_nest_end(message, inet6);
        nla_nest_end(message, families);
        return 0;
}

/* Alias, MTU, addresses, and into the bridge, in this order, which is the kernel's. */
static int add_interface(Batch *batch, const Making *making) {
        const struct ifinfomsg info = {.ifi_index = making->index};
        char alias[sizeof(NETWORK_ALIAS) + NETWORK_UNIKERNEL_MAX];
        struct nl_msg *message = batch_add(batch, RTM_NEWLINK, 0, &info, sizeof(info));

        (void) snprintf(alias, sizeof(alias), NETWORK_ALIAS "%s", making->request->unikernel);
        if (!message || add_address(message, making->bridge) < 0 ||
            nla_put_u32(message, IFLA_MTU, making->bridge->mtu) < 0 ||
            nla_put(message, IFLA_IFALIAS, (int) strlen(alias), alias) < 0 ||
            nla_put_u32(message, IFLA_MASTER, (uint32_t) making->bridge->index) < 0)
                return -ENOMEM;
        return making->with_ipv6 ? add_no_ipv6_address(message) : 0;
}

/* What a kernel does not know of this it passes over. */
static int add_port(Batch *batch, const Making *making) {
        const struct ifinfomsg info = {.ifi_family = AF_BRIDGE, .ifi_index = making->index};
        struct nl_msg *message = batch_add(batch, RTM_SETLINK, 0, &info, sizeof(info));
        bool unlocked = making->request->flags & NETWORK_UNLOCKED;
        bool isolated = making->request->flags & NETWORK_ISOLATED;
        struct nlattr *port;

        port = message ? nla_nest_start(message, IFLA_PROTINFO) : NULL;
        if (!port || nla_put_u8(message, IFLA_BRPORT_LEARNING, unlocked) < 0 ||
            nla_put_u8(message, IFLA_BRPORT_GUARD, 1) < 0 ||
            nla_put_u8(message, IFLA_BRPORT_ISOLATED, isolated) < 0 ||
            nla_put_u8(message, IFLA_BRPORT_LOCKED, !unlocked) < 0)
                return -ENOMEM;
        nla_nest_end(message, port);
        return 0;
}

/* The one MAC that may come in by it. @flags: NLM_F_EXCL, to fail where there is an entry. */
static int add_entry(Batch *batch, const Making *making, int flags) {
        const struct ndmsg entry = {
                .ndm_family = AF_BRIDGE,
                .ndm_ifindex = making->index,
                .ndm_state = NUD_NOARP,
                .ndm_flags = NTF_MASTER | NTF_STICKY,
        };
        struct nl_msg *message =
                batch_add(batch, RTM_NEWNEIGH, NLM_F_CREATE | flags, &entry, sizeof(entry));

        if (!message || nla_put(message, NDA_LLADDR, NETWORK_MAC_SIZE, making->request->mac) < 0)
                return -ENOMEM;
        return 0;
}

static int add_up(Batch *batch, const Making *making) {
        const struct ifinfomsg info = {
                .ifi_index = making->index,
                .ifi_flags = IFF_UP,
                .ifi_change = IFF_UP,
        };

        return batch_add(batch, RTM_NEWLINK, 0, &info, sizeof(info)) ? 0 : -ENOMEM;
}

static int add_question(Batch *batch, const Making *making, uint16_t vlan) {
        const struct ndmsg entry = {
                .ndm_family = AF_BRIDGE,
                .ndm_ifindex = making->index,
                .ndm_flags = NTF_MASTER,
        };
        struct nl_msg *message = batch_add(batch, RTM_GETNEIGH, 0, &entry, sizeof(entry));

        if (!message || nla_put(message, NDA_LLADDR, NETWORK_MAC_SIZE, making->request->mac) < 0 ||
            (vlan > 0 && nla_put_u16(message, NDA_VLAN, vlan) < 0))
                return -ENOMEM;
        return 0;
}

/* An entry of the MAC that is wanted. One that was learned says where a guest was a while ago,
 * which may have been this one on another host; every other one says whose MAC it is. */
static int on_entry(void *userdata, struct nlmsghdr *header) {
        const Making *making = userdata;
        const struct ndmsg *entry = nlmsg_data(header);

        if (header->nlmsg_type != RTM_NEWNEIGH || nlmsg_datalen(header) < (int) sizeof(*entry))
                return 0;
        if (entry->ndm_state & NUD_PERMANENT)
                return -EADDRINUSE;
        return entry->ndm_state & NUD_NOARP && entry->ndm_ifindex != making->index ? -EADDRINUSE
                                                                                   : 0;
}

/* Looks up one entry, however many there are. -EADDRINUSE, or 0. */
static int ask_for_mac(Making *making) {
        Batch batch = {};
        int r;

        r = add_question(&batch, making, 0);
        /* A bridge with VLANs has the entries of each on their own. */
        if (r == 0 && making->bridge->vlan > 0)
                r = add_question(&batch, making, making->bridge->vlan);
        if (r == 0)
                r = netlink_talk(making->netlink, &batch, on_entry, making);
        for (size_t i = 0; r == -ENOENT && i < batch.n; i++)
                if (batch.errors[i] != -ENOENT && batch.errors[i] < 0)
                        r = batch.errors[i];
        batch_clear(&batch);
        return r == -ENOENT ? 0 : r;
}

/* Its MAC was learned somewhere: what is known now is better. */
static int replace_entry(Making *making) {
        Batch batch = {};
        int r;

        r = add_entry(&batch, making, NLM_F_REPLACE);
        if (r == 0)
                r = netlink_talk(making->netlink, &batch, NULL, NULL);
        batch_clear(&batch);
        return r;
}

/* All in one go. That it goes up even where something before that fails does no harm: nobody but
 * this program can send by it, and it goes at once. */
static int configure(Making *making) {
        bool unlocked = making->request->flags & NETWORK_UNLOCKED;
        Batch batch = {};
        bool is_known = false;
        int r;

        r = add_interface(&batch, making);
        if (r == 0)
                r = add_port(&batch, making);
        if (r == 0 && !unlocked)
                r = add_entry(&batch, making, NLM_F_EXCL);
        if (r == 0)
                r = add_up(&batch, making);
        if (r == 0)
                r = netlink_talk(making->netlink, &batch, NULL, NULL);
        if (r == -EEXIST)
                is_known = batch.errors[0] == 0 && batch.errors[1] == 0 && batch.errors[3] == 0;
        batch_clear(&batch);

        if (is_known || (r == 0 && unlocked)) {
                r = ask_for_mac(making);
                if (r == 0 && !unlocked)
                        r = replace_entry(making);
        }
        return r;
}

static int try_to_make(Making *making, int *ret_fd, NetworkName *ret_name) {
        _cleanup_(fd_closep) int fd = -1;
        NetworkName name = {};
        int r;

        fd = open_tap(making->request, &name);
        if (fd < 0)
                return fd;
        making->index = find_index(making->netlink, &name);
        if (making->index < 0)
                return making->index;
        r = configure(making);
        if (r < 0)
                return r;
        *ret_name = name;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int tap_make(Netlink *netlink,
             const NetworkRequest *request,
             const HostBridge *bridge,
             int *ret_fd,
             NetworkName *ret_name) {
        Making making = {
                .netlink = netlink,
                .request = request,
                .bridge = bridge,
                .with_ipv6 = bridge->mtu >= IPV6_MTU_MIN,
        };
        int r;

        r = try_to_make(&making, ret_fd, ret_name);
        /* A kernel without IPv6, or that has it switched off. */
        if (r == -EAFNOSUPPORT && making.with_ipv6) {
                making.with_ipv6 = false;
                r = try_to_make(&making, ret_fd, ret_name);
        }
        return r;
}

int tap_persist(int fd) {
        struct ifreq order = {};

        if (ioctl(fd, TUNGETIFF, &order) < 0 || !tap_name_is_ours(order.ifr_name))
                return -EINVAL;
        if (ioctl(fd, TUNSETPERSIST, 1UL) < 0)
                return -errno;
        return 0;
}

static int on_port(void *userdata, struct nlmsghdr *header) {
        Locking *locking = userdata;
        Link link;

        if (link_parse(header, &link) == 0)
                *locking = link.locked ? LOCKING_WORKS : LOCKING_MISSING;
        return 0;
}

int tap_ask_locking(Netlink *netlink, const char *name, Locking *ret) {
        const struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
        Locking locking = LOCKING_UNKNOWN;
        struct nl_msg *message;
        Batch batch = {};
        int r = -ENOMEM;

        message = batch_add(&batch, RTM_GETLINK, 0, &info, sizeof(info));
        if (message && nla_put_string(message, IFLA_IFNAME, name) >= 0)
                r = netlink_talk(netlink, &batch, on_port, &locking);
        batch_clear(&batch);
        if (r == 0)
                *ret = locking;
        return r;
}
