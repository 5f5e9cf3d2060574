/* SPDX-License-Identifier: ISC */

/* What the kernel tells of an interface, as messages that are put together here. */

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "network/link.h"

static struct nl_msg *message_of(int type, unsigned char family, int index, const char *name) {
        struct ifinfomsg info = {.ifi_family = family, .ifi_index = index};
        struct nl_msg *message = nlmsg_alloc_simple(type, 0);

        assert_non_null(message);
        assert_int_equal(nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO), 0);
        if (name)
                assert_int_equal(nla_put_string(message, IFLA_IFNAME, name), 0);
        return message;
}

static struct nl_msg *message_of_kind(const char *name, const char *kind, const char *alias) {
        struct nl_msg *message = message_of(RTM_NEWLINK, AF_UNSPEC, 7, name);
        struct nlattr *info;

        assert_int_equal(nla_put_u32(message, IFLA_MTU, 1500), 0);
        assert_int_equal(nla_put_string(message, IFLA_IFALIAS, alias), 0);
        info = nla_nest_start(message, IFLA_LINKINFO);
        assert_int_equal(nla_put_string(message, IFLA_INFO_KIND, kind), 0);
        nla_nest_end(message, info);
        return message;
}

static int parse(struct nl_msg *message, Link *ret) {
        int r = link_parse(nlmsg_hdr(message), ret);

        nlmsg_free(message);
        return r;
}

static void reads_an_interface_without_anything_special(void **state) {
        Link link;

        assert_int_equal(parse(message_of(RTM_NEWLINK, AF_UNSPEC, 1, "lo"), &link), 0);
        assert_int_equal(link.index, 1);
        assert_string_equal(link.name, "lo");
        assert_string_equal(link.kind, "");
        assert_string_equal(link.alias, "");
        assert_int_equal(link.vlan, 0);
        assert_false(link.locked);
        assert_false(link_is_ours(&link));
}

static void passes_over_what_is_told_of_ports_and_addresses(void **state) {
        Link link = {.index = 4711};

        assert_int_equal(parse(message_of(RTM_NEWLINK, AF_BRIDGE, 1, "lo"), &link), -EBADMSG);
        assert_int_equal(parse(message_of(RTM_NEWADDR, AF_UNSPEC, 1, "lo"), &link), -EBADMSG);
        assert_int_equal(parse(message_of(RTM_NEWLINK, AF_UNSPEC, 0, "lo"), &link), -EBADMSG);
        assert_int_equal(parse(message_of(RTM_NEWLINK, AF_UNSPEC, 1, NULL), &link), -EBADMSG);
        assert_int_equal(parse(message_of(RTM_NEWLINK, AF_UNSPEC, 1, "longer-than-a-name"), &link),
                         -EBADMSG);
        assert_int_equal(link.index, 4711);
}

static void reads_a_bridge_and_its_VLAN(void **state) {
        for (unsigned filtering = 0; filtering < 2; filtering++) {
                struct nl_msg *message = message_of(RTM_NEWLINK, AF_UNSPEC, 7, "br0");
                struct nlattr *info, *data;
                Link link;

                info = nla_nest_start(message, IFLA_LINKINFO);
                nla_put_string(message, IFLA_INFO_KIND, "bridge");
                data = nla_nest_start(message, IFLA_INFO_DATA);
                nla_put_u8(message, IFLA_BR_VLAN_FILTERING, (uint8_t) filtering);
                nla_put_u16(message, IFLA_BR_VLAN_DEFAULT_PVID, 12);
                nla_nest_end(message, data);
                nla_nest_end(message, info);
                assert_int_equal(parse(message, &link), 0);
                assert_int_equal(link.vlan, filtering ? 12 : 0);
        }
}

static void reads_whether_a_port_is_locked(void **state) {
        static const struct {
                const char *master;
                uint8_t locked;
                bool is_locked;
        } cases[] = {{"bridge", 1, true}, {"bridge", 0, false}, {"bond", 1, false}};

        for (unsigned i = 0; i < 3; i++) {
                struct nl_msg *message = message_of(RTM_NEWLINK, AF_UNSPEC, 7, "alb1");
                struct nlattr *info, *data;
                Link link;

                info = nla_nest_start(message, IFLA_LINKINFO);
                nla_put_string(message, IFLA_INFO_SLAVE_KIND, cases[i].master);
                data = nla_nest_start(message, IFLA_INFO_SLAVE_DATA);
                nla_put_u8(message, IFLA_BRPORT_LOCKED, cases[i].locked);
                nla_nest_end(message, data);
                nla_nest_end(message, info);
                assert_int_equal(parse(message, &link), 0);
                assert_int_equal(link.locked, cases[i].is_locked);
        }
}

static void ours_are_taps_with_our_name_and_alias_only(void **state) {
        static const struct {
                const char *name, *kind, *alias;
                bool ours;
        } cases[] = {
                {"alb1", "tun", "albatross:web", true},   {"tap1", "tun", "albatross:web", false},
                {"alb1", "veth", "albatross:web", false}, {"alb1", "tun", "web", false},
                {"alb1", "tun", "albatross", false},      {"alb", "tun", "albatross:web", false},
        };

        for (unsigned i = 0; i < 6; i++) {
                struct nl_msg *message =
                        message_of_kind(cases[i].name, cases[i].kind, cases[i].alias);
                Link link;

                assert_int_equal(link_parse(nlmsg_hdr(message), &link), 0);
                assert_int_equal(link.mtu, 1500);
                assert_int_equal(link_is_ours(&link), cases[i].ours);
                nlmsg_free(message);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_an_interface_without_anything_special),
                cmocka_unit_test(passes_over_what_is_told_of_ports_and_addresses),
                cmocka_unit_test(reads_a_bridge_and_its_VLAN),
                cmocka_unit_test(reads_whether_a_port_is_locked),
                cmocka_unit_test(ours_are_taps_with_our_name_and_alias_only),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
