/* SPDX-License-Identifier: ISC */

/*
 * N unikernels (1000, or the first argument) with a tap each are destroyed all at once, and the
 * kernel takes its time for each tap. How long does another client's list take meanwhile, and how
 * long all of it? Runs as root on a real systemd: tools/bench destroy [N].
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "measure.h"

#define IMAGE   GUESTS "/echo.spt"
#define MANAGER "org.albatross", "/org/albatross", "org.albatross.Manager"

/* Of those 1023 that a bridge takes. */
#define PORTS_PER_BRIDGE 1000U

/* A bus lets each connection wait for 128 answers. */
#define CALLS_PER_BUS 100U
#define N_BUSES       (SERIES_MAX / CALLS_PER_BUS + 1)
#define N_LISTS       40U

static Series make = {"create and start with a tap"};
static Series idle_list = {"list, nothing else happens"};
static Series busy_list = {"list while all are destroyed"};

static void run(const char *command) {
        measure_check(system(command) == 0 ? 0 : -EIO, command);
}

static void make_bridges(unsigned n, const char *verb) {
        for (unsigned i = 0; i * PORTS_PER_BRIDGE < n; i++) {
                char command[64];

                snprintf(command, sizeof(command), "ip link %s bench%u type bridge", verb, i);
                run(command);
        }
}

static void create(sd_bus *bus, unsigned number) {
        _cleanup_(fd_closep) int fd = open(IMAGE, O_RDONLY | O_CLOEXEC);
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        char name[32], bridge[16], ip[32];
        uint64_t start = measure_now();
        int r;

        measure_check(fd < 0 ? -errno : 0, IMAGE);
        snprintf(name, sizeof(name), "port-%u", number);
        snprintf(bridge, sizeof(bridge), "bench%u", number / PORTS_PER_BRIDGE);
        snprintf(ip, sizeof(ip), "--ip=10.99.%u.%u", number >> 8, number & 255);
        r = sd_bus_call_method(bus, MANAGER, "CreateUnikernel", &error, NULL, "sha{sv}", name, fd,
                               3, "Memory", "t", (uint64_t) 2 << 20, "Arguments", "as", 1, ip,
                               "Nets", "a(sssbb)", 1, "service", bridge, "", 0, 0);
        measure_check(r, r < 0 && error.message ? error.message : name);
        series_add(&make, measure_now() - start);
}

static void measure_list(sd_bus *bus, Series *series) {
        uint64_t start = measure_now();

        measure_check(sd_bus_call_method(bus, MANAGER, "ListUnikernels", NULL, NULL, "s", ""),
                      "ListUnikernels");
        series_add(series, measure_now() - start);
}

static int on_destroyed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        measure_check(-sd_bus_message_get_errno(message), "DestroyUnikernel");
        (*(unsigned *) userdata)--;
        return 0;
}

static uint64_t destroy_all(sd_bus *other, unsigned n) {
        sd_bus *buses[N_BUSES] = {};
        unsigned n_left = n;
        uint64_t start;

        for (unsigned i = 0; i * CALLS_PER_BUS < n; i++) {
                measure_check(sd_bus_open_system(&buses[i]), "system bus");
                /* Of a connection of which it is not known yet that it is root's, 64 calls wait. */
                measure_check(sd_bus_call_method(buses[i], MANAGER, "ListOwnPaths", NULL, NULL, ""),
                              "ListOwnPaths");
        }
        start = measure_now();
        for (unsigned i = 0; i < n; i++) {
                char name[32];

                snprintf(name, sizeof(name), "port-%u", i);
                measure_check(sd_bus_call_method_async(buses[i / CALLS_PER_BUS], NULL, MANAGER,
                                                       "DestroyUnikernel", on_destroyed, &n_left,
                                                       "sa{sv}", name, 0),
                              name);
        }
        while (n_left > 0) {
                for (unsigned i = 0; i < N_BUSES && buses[i]; i++)
                        while (sd_bus_process(buses[i], NULL) > 0)
                                ;
                measure_list(other, &busy_list);
        }
        for (unsigned i = 0; i < N_BUSES; i++)
                sd_bus_flush_close_unref(buses[i]);
        return measure_now() - start;
}

int main(int argc, char *argv[]) {
        unsigned n = argc > 1 ? (unsigned) atoi(argv[1]) : 1000;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        uint64_t all_nsec;

        measure_check(n > 0 && n <= SERIES_MAX ? 0 : -ERANGE, "number of unikernels");
        measure_check(sd_bus_open_system(&bus), "system bus");
        make_bridges(n, "add");
        /* The daemon hears of the bridges a moment later. */
        usleep(200000);
        for (unsigned i = 0; i < n; i++)
                create(bus, i);
        for (unsigned i = 0; i < N_LISTS; i++)
                measure_list(bus, &idle_list);
        all_nsec = destroy_all(bus, n);

        printf("%-44s %8s %8s %8s\n", "", "min", "median", "max");
        series_print(&make);
        series_print(&idle_list);
        series_print(&busy_list);
        printf("%u with a tap each destroyed in %.1f s; %zu lists meanwhile, the slowest %.1f "
               "times what one takes when nothing else happens\n",
               n, (double) all_nsec / 1e9, busy_list.n,
               (double) busy_list.nsec[busy_list.n - 1] / (double) series_median(&idle_list));
        fflush(stdout);
        make_bridges(n, "del");
        return 0;
}
