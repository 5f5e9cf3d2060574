/* SPDX-License-Identifier: ISC */

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

#include "make-seeds.h"
#include "network/wire.h"

static void write_request(const char *name, unsigned char n_fds, const NetworkRequest *request) {
        seed_clear();
        seed_add(&n_fds, 1);
        seed_add(request, sizeof(*request));
        for (uint32_t i = 0; i < request->n_names; i++)
                seed_add("alb12345\0\0\0\0\0\0\0", sizeof(NetworkName));
        seed_write(name);
}

static void make_requests(void) {
        NetworkRequest request = {.version = NETWORK_WIRE_VERSION, .serial = 1};

        request.verb = NETWORK_LIST_TAPS;
        write_request("network-request/accepted/list", 0, &request);
        write_request("network-request/refused/list-with-descriptor", 1, &request);
        request.verb = NETWORK_WATCH_BRIDGES;
        write_request("network-request/accepted/watch", 0, &request);
        request.verb = NETWORK_PERSIST_TAP;
        write_request("network-request/accepted/persist", 1, &request);
        request.verb = NETWORK_REMOVE_TAPS;
        request.n_names = 3;
        write_request("network-request/accepted/remove", 0, &request);
        request.verb = NETWORK_MAKE_TAP;
        write_request("network-request/refused/make-with-names", 0, &request);
        request.n_names = 0;
        write_request("network-request/refused/make-nothing", 0, &request);
        request.uid = 61184;
        request.flags = NETWORK_ISOLATED;
        memcpy(request.mac, "\x00\x80\x41\x01\x02\x03", sizeof(request.mac));
        strcpy(request.bridge.text, "br0");
        strcpy(request.unikernel, "alice:web");
        write_request("network-request/accepted/make", 0, &request);
        request.mac[0] = 1;
        write_request("network-request/refused/make-for-many", 0, &request);
        request.version++;
        write_request("network-request/refused/another-version", 0, &request);
}

static void write_link(const char *name, const char *kind, unsigned char family) {
        struct ifinfomsg info = {.ifi_family = family, .ifi_index = 7};
        struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWLINK, 0);
        struct nlattr *nest, *data;

        (void) nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO);
        (void) nla_put_string(message, IFLA_IFNAME, "alb1");
        (void) nla_put_u32(message, IFLA_MTU, 1500);
        (void) nla_put_string(message, IFLA_IFALIAS, NETWORK_ALIAS "alice:web");
        nest = nla_nest_start(message, IFLA_LINKINFO);
        (void) nla_put_string(message, IFLA_INFO_KIND, kind);
        data = nla_nest_start(message, IFLA_INFO_DATA);
        (void) nla_put_u8(message, IFLA_BR_VLAN_FILTERING, 1);
        (void) nla_put_u16(message, IFLA_BR_VLAN_DEFAULT_PVID, 1);
        nla_nest_end(message, data);
        (void) nla_put_string(message, IFLA_INFO_SLAVE_KIND, "bridge");
        data = nla_nest_start(message, IFLA_INFO_SLAVE_DATA);
        (void) nla_put_u8(message, IFLA_BRPORT_LOCKED, 1);
        nla_nest_end(message, data);
        nla_nest_end(message, nest);

        seed_clear();
        seed_add(nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len);
        seed_write(name);
        nlmsg_free(message);
}

void make_network(void) {
        make_requests();
        write_link("network-link/accepted/tap", "tun", AF_UNSPEC);
        write_link("network-link/accepted/bridge", "bridge", AF_UNSPEC);
        write_link("network-link/refused/port", "tun", AF_BRIDGE);
}
