/* SPDX-License-Identifier: ISC */

/* The service itself: what it keeps and removes, the bridges that it tells of, who means it no
 * good, and its sudden death. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/packet.h"
#include "network-client.h"

#define BRIDGE "brservice"

/* BR_MAX_PORTS of the kernel, of which the first is no port's number. */
#define PORTS_MAX 1023U

static int setup(void **state) {
        shell("ip link add " BRIDGE " type bridge && ip link set " BRIDGE " up");
        return client_setup(state);
}

static int teardown(void **state) {
        shell("ip link del " BRIDGE);
        return client_teardown(state);
}

static bool is_listed(Client *client, const NetworkName *name) {
        static Names names;

        client_list(client, &names);
        for (size_t i = 0; i < names.n; i++)
                if (strcmp(names.names[i].text, name->text) == 0)
                        return true;
        return false;
}

static size_t count_listed(Client *client) {
        static Names names;

        client_list(client, &names);
        return names.n;
}

static Tap make_number(Client *client, unsigned i) {
        NetworkRequest request = tap_request(BRIDGE, 0, 0);

        request.mac[4] = (uint8_t) (1 + (i >> 8));
        request.mac[5] = (uint8_t) i;
        return client_make(client, request);
}

static int persist(Client *client, int fd) {
        return client_call(client, (NetworkRequest){.verb = NETWORK_PERSIST_TAP}, NULL, fd).error;
}

static void a_persistent_tap_stays_until_it_is_removed(void **state) {
        Tap tap = make_number(*state, 1);

        assert_int_equal(persist(*state, tap.fd), 0);
        close(tap.fd);
        assert_true(is_listed(*state, &tap.name));
        assert_true(shell_says("persist on user 61200", "ip -d link show dev %s", tap.name.text));
        assert_int_equal(client_remove(*state, &tap.name, 1), 0);
        assert_false(is_listed(*state, &tap.name));
        /* Once more does no harm. */
        assert_int_equal(client_remove(*state, &tap.name, 1), 0);
}

static void what_is_no_tap_of_ours_is_not_made_persistent(void **state) {
        int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        int tun_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

        assert_int_equal(persist(*state, null_fd), -EINVAL);
        assert_int_equal(persist(*state, tun_fd), -EINVAL);
        close(null_fd);
        close(tun_fd);
}

static void nothing_of_others_is_listed_or_removed(void **state) {
        static const NetworkName names[] = {
                {"lo"}, {BRIDGE}, {"alb1"}, {"alb2"}, {"alb03"}, {"albtap"}, {""}, {"alb77777"},
        };

        shell("ip tuntap add alb1 mode tap && ip tuntap add albtap mode tap &&"
              " ip link set albtap alias albatross:web &&"
              " ip link add alb2 type veth peer name alb03 && ip link set alb2 alias "
              "albatross:web");
        assert_int_equal(count_listed(*state), 0);
        assert_int_equal(client_remove(*state, names, 8), 0);
        shell("ip link del alb1 && ip link del albtap && ip link del alb2 &&"
              " ip link show dev " BRIDGE " >/dev/null");
}

static void a_tap_that_is_in_use_can_be_removed(void **state) {
        Tap tap = make_number(*state, 1);
        char byte;

        assert_int_equal(client_remove(*state, &tap.name, 1), 0);
        assert_false(is_listed(*state, &tap.name));
        assert_int_equal(read(tap.fd, &byte, 1), -1);
        assert_int_equal(errno, EBADFD);
        close(tap.fd);
}

static void a_full_bridge_is_an_error_of_its_own_and_a_thousand_go_at_once(void **state) {
        static Tap taps[PORTS_MAX];
        static NetworkName names[PORTS_MAX];

        for (unsigned i = 0; i < PORTS_MAX; i++) {
                taps[i] = make_number(*state, i);
                assert_int_equal(taps[i].error, 0);
                names[i] = taps[i].name;
        }
        assert_int_equal(count_listed(*state), PORTS_MAX);
        assert_int_equal(make_number(*state, PORTS_MAX).error, -EXFULL);
        assert_int_equal(make_number(*state, 7).error, -EXFULL);
        assert_int_equal(count_listed(*state), PORTS_MAX);

        assert_int_equal(client_remove(*state, names, PORTS_MAX), 0);
        assert_int_equal(count_listed(*state), 0);
        for (unsigned i = 0; i < PORTS_MAX; i++)
                close(taps[i].fd);
        taps[0] = make_number(*state, 7);
        assert_int_equal(taps[0].error, 0);
        close(taps[0].fd);
}

static void all_who_watch_are_told_of_bridges(void **state) {
        Client *other = client_connect(), *first = *state;
        unsigned n_sets;

        assert_int_equal(
                client_call(first, (NetworkRequest){.verb = NETWORK_WATCH_BRIDGES}, NULL, -1).error,
                0);
        assert_int_equal(first->n_bridge_sets, 1);
        assert_true(client_sees_bridge(first, BRIDGE, true));
        assert_int_equal(
                client_call(other, (NetworkRequest){.verb = NETWORK_WATCH_BRIDGES}, NULL, -1).error,
                0);

        shell("ip link add brnew type bridge");
        assert_true(client_sees_bridge(first, "brnew", true));
        assert_true(client_sees_bridge(other, "brnew", true));
        shell("ip link set brnew name brother");
        assert_true(client_sees_bridge(first, "brother", true));
        assert_true(client_sees_bridge(first, "brnew", false));
        shell("ip link del brother");
        assert_true(client_sees_bridge(first, "brother", false));
        assert_true(client_sees_bridge(other, "brother", false));

        /* One may be called as if it were a tap of ours. */
        shell("ip link add alb1 type bridge");
        assert_true(client_sees_bridge(first, "alb1", true));
        shell("ip link set alb1 name brodge && ip link set brodge name alb2");
        assert_true(client_sees_bridge(first, "alb2", true));
        assert_true(client_sees_bridge(first, "alb1", false));
        shell("ip link del alb2");
        assert_true(client_sees_bridge(first, "alb2", false));
        assert_true(client_sees_bridge(other, "alb2", false));

        /* Other changes are no news. */
        n_sets = first->n_bridge_sets;
        shell("ip link add notbridge type veth peer name notbridge2 &&"
              " ip link set notbridge master " BRIDGE " && ip link set " BRIDGE " mtu 1200 &&"
              " ip link del notbridge");
        close(make_number(first, 1).fd);
        assert_true(client_sees_bridge(first, BRIDGE, true));
        assert_int_equal(first->n_bridge_sets, n_sets);
        client_close(other);
}

static int error_of(Client *client, const NetworkRequest *request, size_t size, int fd) {
        int no_fd;

        client_send_raw(client, request, size, fd);
        return client_wait(client, request->serial, NULL, &no_fd).error;
}

static void malformed_messages_are_answered_with_an_error(void **state) {
        static char large[sizeof(NetworkRequest) + (NETWORK_NAMES_MAX + 1) * sizeof(NetworkName)];
        NetworkRequest good = tap_request(BRIDGE, 1, 0), bad;
        const size_t size = sizeof(good);
        int no_fd;

        good.version = NETWORK_WIRE_VERSION;
        good.serial = 7;

        bad = good;
        bad.version++;
        assert_int_equal(error_of(*state, &bad, size, -1), -EPROTO);
        bad = good;
        bad.verb = 99;
        assert_int_equal(error_of(*state, &bad, size, -1), -EPROTO);
        bad = good;
        bad.n_names = 1;
        assert_int_equal(error_of(*state, &bad, size, -1), -EPROTO);
        bad.n_names = UINT32_MAX / (uint32_t) sizeof(NetworkName) + 1;
        assert_int_equal(error_of(*state, &bad, size, -1), -EPROTO);
        assert_int_equal(error_of(*state, &good, size - 1, -1), -EPROTO);
        client_send_raw(*state, &good, 3, -1);
        assert_int_equal(client_wait(*state, 0, NULL, &no_fd).error, -EPROTO);
        memcpy(large, &good, sizeof(good));
        client_send_raw(*state, large, sizeof(large), -1);
        assert_int_equal(client_wait(*state, 7, NULL, &no_fd).error, -EPROTO);

        assert_int_equal(error_of(*state, &good, size, STDIN_FILENO), -EINVAL);
        bad = good;
        bad.verb = NETWORK_PERSIST_TAP;
        assert_int_equal(error_of(*state, &bad, size, -1), -EINVAL);
        bad = good;
        bad.uid = 0;
        assert_int_equal(error_of(*state, &bad, size, -1), -EINVAL);
        bad = good;
        memset(bad.unikernel, 'a', sizeof(bad.unikernel));
        assert_int_equal(error_of(*state, &bad, size, -1), -EINVAL);
        bad = good;
        bad.mac[0] |= 1;
        assert_int_equal(error_of(*state, &bad, size, -1), -EINVAL);
        assert_int_equal(count_listed(*state), 0);
}

/* Whether the other side has hung up, after all that it has sent. */
static bool is_hung_up(Client *client) {
        static char data[65536];
        struct pollfd wait = {.fd = client->fd, .events = POLLIN};

        while (poll(&wait, 1, 10000) == 1) {
                int fds[PACKET_FDS_MAX];
                size_t n_fds;
                int r = packet_receive(client->fd, data, sizeof(data), fds, &n_fds);

                if (r == 0 || r == -ECONNRESET)
                        return true;
                assert_true(r > 0);
                packet_close_fds(fds, n_fds);
        }
        return false;
}

static void who_does_not_read_is_dropped_and_the_others_are_served(void **state) {
        NetworkRequest request = {.version = NETWORK_WIRE_VERSION, .verb = NETWORK_WATCH_BRIDGES};
        Client *deaf = client_connect();
        int r = 0;

        assert_int_equal(fcntl(deaf->fd, F_SETFL, O_NONBLOCK), 0);
        for (unsigned i = 0; i < 200000 && (r == 0 || r == -EAGAIN); i++) {
                r = packet_send(deaf->fd, &request, sizeof(request), NULL, 0);
                if (r == -EAGAIN)
                        usleep(1000);
        }
        assert_true(r == -EPIPE || r == -ECONNRESET);
        assert_true(is_hung_up(deaf));
        client_close(deaf);
        assert_int_equal(count_listed(*state), 0);
}

static void connections_are_bounded(void **state) {
        Client *clients[12];
        unsigned n_dropped = 0;

        for (unsigned i = 0; i < 12; i++)
                clients[i] = client_connect();
        assert_int_equal(count_listed(*state), 0);
        for (unsigned i = 0; i < 12; i++) {
                struct pollfd wait = {.fd = clients[i]->fd, .events = POLLIN};

                n_dropped += poll(&wait, 1, 200) == 1;
        }
        assert_int_equal(n_dropped, 5);
        for (unsigned i = 0; i < 12; i++)
                client_close(clients[i]);
        assert_int_equal(count_listed(*state), 0);
}

static void others_than_root_get_no_connection(void **state) {
        assert_true(shell_says("refused 13",
                               "setpriv --reuid=alice --clear-groups perl -e '"
                               "use Socket; socket(S, AF_UNIX, SOCK_SEQPACKET, 0);"
                               "connect(S, sockaddr_un(\"" ALBATROSS_RUNTIMEDIR "/network\"))"
                               " or print \"refused \", $!+0'"));
}

static void nothing_is_left_when_it_is_killed_in_the_middle(void **state) {
        for (unsigned round = 0; round < 5; round++) {
                Client *client = client_connect();
                NetworkRequest request = tap_request(BRIDGE, 0, 0);

                int fd = -1;

                request.version = NETWORK_WIRE_VERSION;
                for (unsigned i = 0; i < 40; i++) {
                        request.serial++;
                        request.mac[5] = (uint8_t) i;
                        client_send_raw(client, &request, sizeof(request), -1);
                }
                (void) client_wait(client, 1, NULL, &fd);
                usleep(round * 5000);
                shell("systemctl kill -s KILL albatross-network.service");
                assert_true(is_hung_up(client));
                close(fd);
                client_close(client);
        }

        /* The kernel takes its time. */
        for (unsigned i = 0; i < 300; i++) {
                Client *client = client_connect();
                size_t n = count_listed(client);

                client_close(client);
                if (n == 0)
                        break;
                usleep(100000);
        }
        client_close(*state);
        *state = client_connect();
        assert_int_equal(count_listed(*state), 0);
        assert_true(shell_says("active", "systemctl is-active albatross-network.service"));
}

#define SERVICE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                SERVICE_TEST(a_persistent_tap_stays_until_it_is_removed),
                SERVICE_TEST(what_is_no_tap_of_ours_is_not_made_persistent),
                SERVICE_TEST(nothing_of_others_is_listed_or_removed),
                SERVICE_TEST(a_tap_that_is_in_use_can_be_removed),
                SERVICE_TEST(a_full_bridge_is_an_error_of_its_own_and_a_thousand_go_at_once),
                SERVICE_TEST(all_who_watch_are_told_of_bridges),
                SERVICE_TEST(malformed_messages_are_answered_with_an_error),
                SERVICE_TEST(who_does_not_read_is_dropped_and_the_others_are_served),
                SERVICE_TEST(connections_are_bounded),
                SERVICE_TEST(others_than_root_get_no_connection),
                SERVICE_TEST(nothing_is_left_when_it_is_killed_in_the_middle),
        };
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return EXIT_FAILURE;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
                return EXIT_FAILURE;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
