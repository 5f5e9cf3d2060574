/* SPDX-License-Identifier: ISC */

/* The daemon's end of the network service, on an event loop of its own. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "manager/network-link.h"
#include "network-client.h"

#define BRIDGE "brdaemon"

#define N_MANY 100U

typedef struct Made {
        unsigned n_answers;
        TapAnswer answer; /* its fd is ours */
} Made;

typedef struct World {
        sd_event *event;
        NetworkLink *link;
        unsigned n_changes;
} World;

static World world;

static void on_bridges_changed(void *userdata) {
        world.n_changes++;
}

static void on_made(void *userdata, TapAnswer *answer) {
        Made *made = userdata;

        made->n_answers++;
        made->answer = *answer;
        answer->fd = -1;
}

static void run_for(uint64_t usec) {
        uint64_t now, until;

        assert_true(sd_event_now(world.event, CLOCK_MONOTONIC, &until) >= 0);
        until += usec;
        do {
                assert_true(sd_event_run(world.event, 10000) >= 0);
                assert_true(sd_event_now(world.event, CLOCK_MONOTONIC, &now) >= 0);
        } while (now < until);
}

static bool wait_for_answer(const Made *made) {
        for (unsigned i = 0; i < 1000 && made->n_answers == 0; i++)
                assert_true(sd_event_run(world.event, 20000) >= 0);
        return made->n_answers == 1;
}

static bool wait_for_bridge(const char *name, bool is_there) {
        for (unsigned i = 0; i < 500; i++) {
                if (bridges_contain(network_bridges(world.link), name) == is_there)
                        return true;
                assert_true(sd_event_run(world.event, 20000) >= 0);
        }
        return false;
}

static bool wait_for_no_link(const char *name) {
        for (unsigned i = 0; i < 200; i++) {
                if (!shell_says(name, "ip -o link"))
                        return true;
                run_for(20000);
        }
        return false;
}

static TapOrder order_of(uint16_t number, bool persistent) {
        return (TapOrder){
                .unikernel = "alice:web",
                .bridge = BRIDGE,
                .mac = {.bytes = {2, 0, 0, 1, (uint8_t) (number >> 8), (uint8_t) number}},
                .uid = 61200,
                .persistent = persistent,
        };
}

static Made make(const TapOrder *order) {
        Made made = {};

        assert_int_equal(network_make_tap(world.link, order, on_made, &made), 0);
        assert_int_equal(made.n_answers, 0);
        assert_true(wait_for_answer(&made));
        return made;
}

static int setup(void **state) {
        const NetworkHandlers handlers = {.bridges_changed = on_bridges_changed};

        world = (World){};
        shell("ip link add " BRIDGE " type bridge && ip link set " BRIDGE " up");
        assert_true(sd_event_new(&world.event) >= 0);
        assert_int_equal(network_link_new(&world.link, world.event, &handlers), 0);
        return 0;
}

static int teardown(void **state) {
        world.link = network_link_free(world.link);
        world.event = sd_event_unref(world.event);
        shell("ip link del " BRIDGE);
        return 0;
}

static void the_bridges_of_the_host_are_known(void **state) {
        assert_int_equal(network_bridges(world.link)->n, 0);
        assert_true(wait_for_bridge(BRIDGE, true));
        assert_int_equal(world.n_changes, 1);
        shell("ip link add brnew type bridge");
        assert_true(wait_for_bridge("brnew", true));
        shell("ip link del brnew");
        assert_true(wait_for_bridge("brnew", false));
        assert_int_equal(world.n_changes, 3);
}

static void a_tap_comes_with_its_descriptor_and_goes_with_it(void **state) {
        const TapOrder order = order_of(1, false);
        Made made = make(&order);

        assert_int_equal(made.answer.error, 0);
        assert_true(made.answer.fd >= 0);
        assert_true(shell_says("albatross:alice:web", "ip link show dev %s", made.answer.name));
        close(made.answer.fd);
        assert_true(wait_for_no_link(made.answer.name));
}

static void a_persistent_tap_comes_without_and_is_removed_by_name(void **state) {
        const TapOrder order = order_of(1, true);
        Made made = make(&order);
        const char *name = made.answer.name;

        assert_int_equal(made.answer.error, 0);
        assert_int_equal(made.answer.fd, -1);
        assert_true(shell_says("persist on", "ip -d link show dev %s", name));
        assert_int_equal(network_remove_taps(world.link, &name, 1, NULL, NULL), 0);
        assert_true(wait_for_no_link(name));
}

static void a_refusal_says_what_and_why(void **state) {
        TapOrder order = order_of(1, false);
        Made first = make(&order), made;

        made = make(&order);
        assert_int_equal(made.answer.error, -EADDRINUSE);
        assert_int_equal(made.answer.fault.code, FAULT_MAC_IN_USE);
        assert_non_null(strstr(made.answer.fault.message, "02:00:00:01:00:01"));
        assert_non_null(strstr(made.answer.fault.message, BRIDGE));
        order.bridge = "brnone";
        made = make(&order);
        assert_int_equal(made.answer.error, -ENODEV);
        assert_int_equal(made.answer.fault.code, FAULT_NO_SUCH_BRIDGE);
        assert_non_null(strstr(made.answer.fault.message, "brnone"));
        assert_int_equal(made.answer.fd, -1);

        order.bridge = "a name of more than 15 characters";
        assert_int_equal(network_make_tap(world.link, &order, on_made, &made), -EINVAL);
        close(first.answer.fd);
}

static void what_was_not_answered_is_asked_again_when_the_service_dies(void **state) {
        static Made made[N_MANY];

        memset(made, 0, sizeof(made));
        for (unsigned round = 0; round < 2; round++) {
                for (unsigned i = round * N_MANY / 2; i < (round + 1) * N_MANY / 2; i++) {
                        const TapOrder order = order_of((uint16_t) i, i % 2);

                        assert_int_equal(network_make_tap(world.link, &order, on_made, made + i),
                                         0);
                }
                assert_true(wait_for_answer(made + round * N_MANY / 2));
                shell("systemctl kill -s KILL albatross-network.service");
        }
        for (unsigned i = 0; i < N_MANY; i++)
                assert_true(wait_for_answer(made + i));
        for (unsigned i = 0; i < N_MANY; i++) {
                const char *name = made[i].answer.name;

                if (made[i].answer.error < 0) {
                        /* Those that two services died of, so far as anybody knows. What was to be
                         * made by the first, and need not persist, the second has answered before
                         * what came later. */
                        assert_int_equal(made[i].answer.error, -EPIPE);
                        assert_true(i % 2 || i >= N_MANY / 2);
                        continue;
                }
                assert_true(shell_says(name, "ip -o link show dev %s", name));
                if (i % 2)
                        assert_int_equal(network_remove_taps(world.link, &name, 1, NULL, NULL), 0);
                else
                        close(made[i].answer.fd);
        }
        assert_true(wait_for_no_link("albatross:"));
        assert_true(wait_for_no_link(": alb"));
        assert_true(wait_for_bridge(BRIDGE, true));
}

static void removals_are_owed_whoever_dies(void **state) {
        const char *names[N_MANY];
        static Made made[N_MANY];

        memset(made, 0, sizeof(made));
        for (unsigned i = 0; i < N_MANY; i++) {
                const TapOrder order = order_of((uint16_t) i, true);

                made[i] = make(&order);
                assert_int_equal(made[i].answer.error, 0);
                names[i] = made[i].answer.name;
        }
        assert_int_equal(network_remove_taps(world.link, names, N_MANY, NULL, NULL), 0);
        shell("systemctl kill -s KILL albatross-network.service");
        assert_true(wait_for_no_link(": alb"));
}

static void a_sweep_takes_what_nobody_keeps(void **state) {
        const TapOrder kept_order = order_of(1, true), stray_order = order_of(2, true);
        Made kept = make(&kept_order), stray = make(&stray_order);
        const char *names[] = {"alb4711", kept.answer.name};

        shell("ip tuntap add albert mode tap");
        assert_int_equal(network_sweep(world.link, names, 2), 0);
        assert_true(wait_for_no_link(stray.answer.name));
        run_for(200000);
        shell("ip link show dev %s >/dev/null && ip link del albert", kept.answer.name);
        assert_int_equal(network_sweep(world.link, NULL, 0), 0);
        assert_true(wait_for_no_link(kept.answer.name));
}

static void without_a_service_it_says_so_and_finds_it_when_it_is_back(void **state) {
        const TapOrder order = order_of(1, false);
        Made made = {};

        assert_true(wait_for_bridge(BRIDGE, true));
        shell("systemctl stop albatross-network.socket albatross-network.service 2>/dev/null");
        run_for(100000);
        assert_true(network_make_tap(world.link, &order, on_made, &made) < 0);
        run_for(100000);
        assert_int_equal(made.n_answers, 0);
        shell("ip link add brlater type bridge; systemctl start albatross-network.socket");
        assert_true(wait_for_bridge("brlater", true));
        shell("ip link del brlater");
        made = make(&order);
        assert_int_equal(made.answer.error, 0);
        close(made.answer.fd);
}

static void an_end_with_orders_under_way_leaves_nothing(void **state) {
        static Made made[N_MANY];

        memset(made, 0, sizeof(made));
        for (unsigned i = 0; i < N_MANY; i++) {
                const TapOrder order = order_of((uint16_t) i, false);

                assert_int_equal(network_make_tap(world.link, &order, on_made, made + i), 0);
        }
        world.link = network_link_free(world.link);
        assert_true(wait_for_no_link(": alb"));
        for (unsigned i = 0; i < N_MANY; i++)
                assert_int_equal(made[i].n_answers, 0);
}

#define LINK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                LINK_TEST(the_bridges_of_the_host_are_known),
                LINK_TEST(a_tap_comes_with_its_descriptor_and_goes_with_it),
                LINK_TEST(a_persistent_tap_comes_without_and_is_removed_by_name),
                LINK_TEST(a_refusal_says_what_and_why),
                LINK_TEST(what_was_not_answered_is_asked_again_when_the_service_dies),
                LINK_TEST(removals_are_owed_whoever_dies),
                LINK_TEST(a_sweep_takes_what_nobody_keeps),
                LINK_TEST(without_a_service_it_says_so_and_finds_it_when_it_is_back),
                LINK_TEST(an_end_with_orders_under_way_leaves_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
