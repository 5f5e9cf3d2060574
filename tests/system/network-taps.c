/* SPDX-License-Identifier: ISC */

/* What a tap is when the service has made it, what goes through it, and what it refuses to make. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "network-client.h"

#define BRIDGE "brtaps"

static const uint8_t mac_1[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t mac_2[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t mac_3[6] = {2, 0, 0, 0, 0, 3};
static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static bool has_locks; /* the kernel */

static int setup(void **state) {
        shell("ip link add " BRIDGE " mtu 1400 type bridge && ip link set " BRIDGE " up");
        return client_setup(state);
}

static int teardown(void **state) {
        Names names = {};

        shell("ip link del " BRIDGE);
        client_list(*state, &names);
        assert_int_equal(client_remove(*state, names.names, names.n), 0);
        return client_teardown(state);
}

static Tap make(Client *client, uint8_t mac_end, uint32_t flags) {
        Tap tap = client_make(client, tap_request(BRIDGE, mac_end, flags));

        assert_int_equal(tap.error, 0);
        return tap;
}

static int refused(Client *client, NetworkRequest request) {
        Names before = {}, after = {};
        Tap tap;

        client_list(client, &before);
        tap = client_make(client, request);
        client_list(client, &after);
        assert_int_not_equal(tap.error, 0);
        assert_int_equal(before.n, after.n);
        return tap.error;
}

static void a_tap_is_as_it_was_ordered(void **state) {
        Tap tap = make(*state, 1, NETWORK_ISOLATED);
        const char *name = tap.name.text;

        assert_true(shell_says(" master " BRIDGE " ", "ip -d link show dev %s", name));
        assert_true(shell_says(",UP,", "ip -d link show dev %s", name));
        assert_true(shell_says("alias albatross:alice:web", "ip -d link show dev %s", name));
        assert_true(shell_says(" mtu 1400 ", "ip -d link show dev %s", name));
        assert_true(shell_says("addrgenmode none", "ip -d link show dev %s", name));
        assert_true(shell_says("persist off user 61200", "ip -d link show dev %s", name));
        assert_true(shell_says("learning off", "bridge -d link show dev %s", name));
        assert_true(shell_says(" guard on", "bridge -d link show dev %s", name));
        assert_true(shell_says("isolated on", "bridge -d link show dev %s", name));
        assert_true(shell_says(name, "bridge fdb show br " BRIDGE " | grep 02:00:00:00:00:01"));
        assert_true(shell_says("sticky", "bridge fdb show dev %s | grep 02:00", name));
        assert_false(shell_says("inet6", "ip address show dev %s", name));
        assert_int_not_equal(fcntl(tap.fd, F_GETFL) & O_NONBLOCK, 0);
        close(tap.fd);
        assert_false(shell_says(name, "ip -o link"));
}

static void an_unlocked_tap_learns(void **state) {
        Tap tap = make(*state, 1, NETWORK_UNLOCKED);

        assert_true(shell_says("learning on", "bridge -d link show dev %s", tap.name.text));
        assert_true(shell_says("isolated off", "bridge -d link show dev %s", tap.name.text));
        assert_false(shell_says("locked on", "bridge -d link show dev %s", tap.name.text));
        assert_false(shell_says("02:00:00:00:00:01", "bridge fdb show dev %s", tap.name.text));
        close(tap.fd);
}

static void guests_talk_and_others_do_not_hear_it(void **state) {
        Tap first = make(*state, 1, 0), second = make(*state, 2, 0), third = make(*state, 3, 0);

        frame_send(&first, mac_1, mac_2, "hello");
        assert_true(frame_comes(&second, "hello"));
        assert_false(frame_comes(&third, "hello"));
        frame_send(&first, mac_1, everybody, "hello all");
        assert_true(frame_comes(&second, "hello all"));
        assert_true(frame_comes(&third, "hello all"));
        close(first.fd);
        close(second.fd);
        close(third.fd);
}

static void a_forged_MAC_gets_nowhere(void **state) {
        static const uint8_t unknown[6] = {2, 0, 0, 0, 0, 9};
        Tap victim = make(*state, 1, 0), forger = make(*state, 2, 0), peer = make(*state, 3, 0);

        if (!has_locks) {
                print_message("this kernel has no locked ports: frames do get through\n");
                skip();
        }
        frame_send(&forger, mac_1, mac_3, "forged");
        frame_send(&forger, mac_3, mac_3, "forged");
        frame_send(&forger, unknown, mac_3, "forged");
        frame_send(&forger, mac_1, everybody, "forged");
        assert_false(frame_comes(&peer, "forged"));
        assert_false(frame_comes(&victim, "forged"));
        frame_send(&forger, mac_2, mac_3, "own");
        assert_true(frame_comes(&peer, "own"));
        close(victim.fd);
        close(forger.fd);
        close(peer.fd);
}

static void a_MAC_can_not_be_taken_over_even_by_one_that_is_unlocked(void **state) {
        Tap victim = make(*state, 1, 0), peer = make(*state, 3, 0);
        Tap forger = make(*state, 2, NETWORK_UNLOCKED);

        frame_send(&forger, mac_1, mac_3, "forged");
        (void) frame_comes(&peer, "forged");
        frame_send(&peer, mac_3, mac_1, "secret");
        assert_true(frame_comes(&victim, "secret"));
        assert_false(frame_comes(&forger, "secret"));
        close(victim.fd);
        close(forger.fd);
        close(peer.fd);
}

static void isolated_taps_can_not_talk_with_each_other_but_with_the_rest(void **state) {
        Tap first = make(*state, 1, NETWORK_ISOLATED), second = make(*state, 2, NETWORK_ISOLATED);
        Tap open_one = make(*state, 3, 0);

        frame_send(&first, mac_1, mac_2, "over");
        frame_send(&first, mac_1, everybody, "over");
        assert_false(frame_comes(&second, "over"));
        frame_send(&first, mac_1, mac_3, "out");
        assert_true(frame_comes(&open_one, "out"));
        frame_send(&open_one, mac_3, mac_1, "in");
        assert_true(frame_comes(&first, "in"));
        close(first.fd);
        close(second.fd);
        close(open_one.fd);
}

static void a_bridge_that_is_not_there_is_refused(void **state) {
        shell("ip link add notabridge type veth peer name notabridge2");
        assert_int_equal(refused(*state, tap_request("brnone", 1, 0)), -ENODEV);
        assert_int_equal(refused(*state, tap_request("notabridge", 1, 0)), -ENODEV);
        assert_int_equal(refused(*state, tap_request("lo", 1, 0)), -ENODEV);
        shell("ip link del notabridge");
        shell("ip link set " BRIDGE " down && ip link set " BRIDGE " name brrenamed");
        assert_int_equal(refused(*state, tap_request(BRIDGE, 1, 0)), -ENODEV);
        shell("ip link set brrenamed name " BRIDGE);
        assert_int_equal(refused(*state, tap_request("brrenamed", 1, 0)), -ENODEV);
}

static void a_MAC_that_is_in_use_is_refused(void **state) {
        static const uint8_t of_bridge[6] = {2, 0xbb, 0, 0, 0, 1},
                             of_port[6] = {2, 0xbb, 0, 0, 0, 2};
        static const uint32_t flags[] = {0, NETWORK_UNLOCKED};
        Tap tap = make(*state, 1, 0);

        shell("ip link set " BRIDGE " address 02:bb:00:00:00:01 &&"
              " ip link add brport address 02:bb:00:00:00:02 type veth peer name brportpeer &&"
              " ip link set brport master " BRIDGE);
        for (unsigned i = 0; i < 2; i++) {
                NetworkRequest request = tap_request(BRIDGE, 1, flags[i]);

                assert_int_equal(refused(*state, request), -EADDRINUSE);
                memcpy(request.mac, of_bridge, sizeof(request.mac));
                assert_int_equal(refused(*state, request), -EADDRINUSE);
                memcpy(request.mac, of_port, sizeof(request.mac));
                assert_int_equal(refused(*state, request), -EADDRINUSE);
        }
        shell("ip link del brport");
        close(tap.fd);
}

static void the_MAC_of_the_host_s_end_is_refused_also_to_the_first_guest(void **state) {
        NetworkRequest request = tap_request(BRIDGE, 1, 0);
        char command[128];
        Tap tap = make(*state, 1, 0);
        FILE *pipe;
        unsigned byte[6];

        assert_true(snprintf(command, sizeof(command),
                             "ip -o link show dev %s | sed 's/.*ether \\([^ ]*\\).*/\\1/'",
                             tap.name.text) < (int) sizeof(command));
        pipe = popen(command, "re");
        assert_non_null(pipe);
        assert_int_equal(fscanf(pipe, "%2x:%2x:%2x:%2x:%2x:%2x", byte, byte + 1, byte + 2, byte + 3,
                                byte + 4, byte + 5),
                         6);
        (void) pclose(pipe);
        for (unsigned i = 0; i < 6; i++)
                request.mac[i] = (uint8_t) byte[i];
        assert_int_equal(refused(*state, request), -EADDRINUSE);
        close(tap.fd);
        assert_int_equal(refused(*state, request), -EADDRINUSE);
}

static void a_MAC_that_was_learned_elsewhere_comes_over(void **state) {
        Tap elsewhere = make(*state, 9, NETWORK_UNLOCKED), peer = make(*state, 3, 0), tap;

        frame_send(&elsewhere, mac_1, everybody, "here I am");
        assert_true(frame_comes(&peer, "here I am"));
        assert_true(shell_says("02:00:00:00:00:01", "bridge fdb show br " BRIDGE));
        tap = make(*state, 1, 0);
        frame_send(&peer, mac_3, mac_1, "for you");
        assert_true(frame_comes(&tap, "for you"));
        assert_false(frame_comes(&elsewhere, "for you"));
        close(tap.fd);
        close(peer.fd);
        close(elsewhere.fd);
}

static void a_bridge_with_VLANs_does_the_same(void **state) {
        Tap elsewhere, first, second;

        if (shell_says("not supported",
                       "ip link set " BRIDGE " type bridge vlan_filtering 1 2>&1")) {
                print_message("this kernel has no bridges with VLANs\n");
                skip();
        }
        elsewhere = make(*state, 9, NETWORK_UNLOCKED);
        frame_send(&elsewhere, mac_1, everybody, "here I am");
        first = make(*state, 1, 0);
        second = make(*state, 2, 0);
        assert_int_equal(refused(*state, tap_request(BRIDGE, 1, 0)), -EADDRINUSE);
        frame_send(&second, mac_2, mac_1, "hello");
        assert_true(frame_comes(&first, "hello"));
        assert_false(frame_comes(&elsewhere, "hello"));
        frame_send(&second, mac_1, mac_1, "forged");
        assert_int_equal(frame_comes(&first, "forged"), !has_locks);
        close(first.fd);
        close(second.fd);
        close(elsewhere.fd);
}

static void the_MTU_is_the_bridge_s_whatever_that_is(void **state) {
        static const int mtus[] = {1000, 1500, 9000};

        for (unsigned i = 0; i < 3; i++) {
                char text[32];
                Tap tap;

                shell("ip link set " BRIDGE " mtu %d", mtus[i]);
                tap = make(*state, 1, 0);
                (void) snprintf(text, sizeof(text), " mtu %d ", mtus[i]);
                assert_true(shell_says(text, "ip link show dev %s", tap.name.text));
                assert_false(shell_says("inet6", "ip address show dev %s", tap.name.text));
                close(tap.fd);
        }
}

static void taps_that_come_and_go_do_not_change_the_bridge_s_MAC(void **state) {
        static const char show[] = "ip -o link show dev " BRIDGE " | grep -o 'ether [^ ]*'";
        Tap taps[4];
        char mac[64];
        FILE *pipe;

        taps[0] = make(*state, 10, 0);
        pipe = popen(show, "re");
        assert_non_null(pipe);
        assert_non_null(fgets(mac, sizeof(mac), pipe));
        (void) pclose(pipe);
        for (unsigned i = 1; i < 4; i++) {
                taps[i] = make(*state, (uint8_t) (10 + i), 0);
                assert_true(shell_says(mac, "%s", show));
        }
        for (unsigned i = 0; i < 3; i++) {
                close(taps[i].fd);
                assert_true(shell_says(mac, "%s", show));
        }
        close(taps[3].fd);
}

static void a_name_is_not_used_twice(void **state) {
        Tap first = make(*state, 1, 0), second;

        close(first.fd);
        second = make(*state, 1, 0);
        assert_string_not_equal(first.name.text, second.name.text);
        close(second.fd);
}

static bool look_for_locks(void) {
        bool found = shell_says("locked off", "ip link add brlock type bridge;"
                                              " ip link add lock0 type veth peer name lock1;"
                                              " ip link set lock0 master brlock;"
                                              " bridge -d link show dev lock0");

        shell("ip link del lock0; ip link del brlock");
        return found;
}

#define TAP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TAP_TEST(a_tap_is_as_it_was_ordered),
                TAP_TEST(an_unlocked_tap_learns),
                TAP_TEST(guests_talk_and_others_do_not_hear_it),
                TAP_TEST(a_forged_MAC_gets_nowhere),
                TAP_TEST(a_MAC_can_not_be_taken_over_even_by_one_that_is_unlocked),
                TAP_TEST(isolated_taps_can_not_talk_with_each_other_but_with_the_rest),
                TAP_TEST(a_bridge_that_is_not_there_is_refused),
                TAP_TEST(a_MAC_that_is_in_use_is_refused),
                TAP_TEST(the_MAC_of_the_host_s_end_is_refused_also_to_the_first_guest),
                TAP_TEST(a_MAC_that_was_learned_elsewhere_comes_over),
                TAP_TEST(a_bridge_with_VLANs_does_the_same),
                TAP_TEST(the_MTU_is_the_bridge_s_whatever_that_is),
                TAP_TEST(taps_that_come_and_go_do_not_change_the_bridge_s_MAC),
                TAP_TEST(a_name_is_not_used_twice),
        };

        has_locks = look_for_locks();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
