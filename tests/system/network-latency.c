/* SPDX-License-Identifier: ISC */

/* What taps cost: made by the service next to the same calls without it, on a bridge without and
 * with many ports; and removed, one and many. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "network-client.h"
#include "network/bridges.h"
#include "network/tap.h"

#define N_SAMPLES 40U
#define N_PORTS   900U
#define BRIDGE    "brlatency"

static double now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double) now.tv_sec * 1e6 + (double) now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return x < y ? -1 : x > y;
}

static double median(double *samples, size_t n) {
        qsort(samples, n, sizeof(*samples), compare);
        return samples[n / 2];
}

static NetworkRequest request_number(unsigned i) {
        NetworkRequest request = tap_request(BRIDGE, 0, 0);

        request.mac[4] = (uint8_t) (i >> 8);
        request.mac[5] = (uint8_t) i;
        return request;
}

static double measure_service(Client *client, Tap *tap, unsigned i) {
        double before = now_usec();

        *tap = client_make(client, request_number(i));
        before = now_usec() - before;
        if (tap->error < 0) {
                fprintf(stderr, "tap %u: %s\n", i, strerror(-tap->error));
                exit(1);
        }
        return before;
}

static double measure_bare(Netlink *netlink, const HostBridges *bridges, unsigned i) {
        const NetworkRequest request = request_number(i);
        NetworkName name;
        double before = now_usec(), after;
        int fd;

        assert_int_equal(
                tap_make(netlink, &request, host_bridges_find(bridges, BRIDGE), &fd, &name), 0);
        after = now_usec();
        close(fd);
        return after - before;
}

static void measure_making(Client *client, unsigned n_ports) {
        double service[N_SAMPLES], bare[N_SAMPLES], closing[N_SAMPLES];
        HostBridges bridges = {};
        Netlink netlink = NETLINK_CLOSED;

        assert_int_equal(netlink_open(&netlink, NETLINK_ROUTE, 0), 0);
        assert_int_equal(host_bridges_open(&bridges, &netlink), 0);
        for (unsigned i = 0; i < N_SAMPLES; i++) {
                Tap tap;
                double before;

                bare[i] = measure_bare(&netlink, &bridges, 50000 + i);
                service[i] = measure_service(client, &tap, 50000 + i);
                /* The service lets go of it only after it has answered. */
                usleep(2000);
                before = now_usec();
                close(tap.fd);
                closing[i] = now_usec() - before;
        }
        netlink_close(&bridges.notifications);
        free(bridges.bridges);
        netlink_close(&netlink);
        printf("%4u ports: made by the service %.0f us, by the same calls alone %.0f us, "
               "closed %.0f us (medians)\n",
               n_ports, median(service, N_SAMPLES), median(bare, N_SAMPLES),
               median(closing, N_SAMPLES));
        printf("            least: %.0f us, %.0f us, %.0f us\n", service[0], bare[0], closing[0]);
}

static void measure_removing(Client *client, size_t n) {
        static Tap taps[N_PORTS];
        static NetworkName names[N_PORTS];
        double before;

        for (unsigned i = 0; i < n; i++) {
                (void) measure_service(client, taps + i, i);
                assert_int_equal(client_call(client, (NetworkRequest){.verb = NETWORK_PERSIST_TAP},
                                             NULL, taps[i].fd)
                                         .error,
                                 0);
                close(taps[i].fd);
                names[i] = taps[i].name;
        }
        before = now_usec();
        assert_int_equal(client_remove(client, names, n), 0);
        printf("%4zu removed in %.1f ms\n", n, (now_usec() - before) / 1000);
}

int main(void) {
        static Tap taps[N_PORTS];
        Client *client = client_connect();
        double before;

        shell("ip link add " BRIDGE " type bridge && ip link set " BRIDGE " up");
        measure_making(client, 0);
        for (unsigned i = 0; i < N_PORTS; i++)
                (void) measure_service(client, taps + i, i);
        measure_making(client, N_PORTS);

        before = now_usec();
        for (unsigned i = 0; i < N_PORTS; i++)
                close(taps[i].fd);
        printf("%4u closed, one after the other, in %.1f ms\n", N_PORTS,
               (now_usec() - before) / 1000);

        measure_removing(client, 1);
        measure_removing(client, 64);
        measure_removing(client, N_PORTS);
        shell("ip link del " BRIDGE);
        client_close(client);
        return 0;
}
