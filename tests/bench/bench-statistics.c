/* SPDX-License-Identifier: ISC */

/*
 * What one look at all unikernels costs: the CPU time of albatrossd and albatross-statistics
 * together, with 300 unikernels that have a tap each, and with ten times as many, or with as many
 * as the two arguments say; how long it takes for who asks; and how long another client's call
 * takes meanwhile. Runs as root on a real systemd: tools/bench statistics [FEW MANY].
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "measure.h"

#define IMAGE   GUESTS "/echo.spt"
#define MANAGER "org.albatross", "/org/albatross", "org.albatross.Manager"

/* A bridge takes 1023 ports; frames to all of them are what costs. */
#define PORTS_PER_BRIDGE 250U
#define N_LOOKS          20U
#define TARGET_MSEC      60.0
#define TARGET_GROWTH    11.0

typedef struct Look {
        Series cpu, daemon_cpu, answer, other, other_cpu;
} Look;

static Look few = {{"CPU time of a look, few"},
                   {"of it albatrossd, few"},
                   {"GetStatistics, few"},
                   {"another call meanwhile, few"},
                   {"CPU time of albatrossd in it, few"}};
static Look many = {{"CPU time of a look, many"},
                    {"of it albatrossd, many"},
                    {"GetStatistics, many"},
                    {"another call meanwhile, many"},
                    {"CPU time of albatrossd in it, many"}};

static void run(const char *command) {
        measure_check(system(command) == 0 ? 0 : -EIO, command);
}

/* Before anything else, since the daemon has to be told of them. */
static void make_bridges(unsigned n) {
        for (unsigned i = 0; i <= n / PORTS_PER_BRIDGE; i++) {
                char command[64];

                snprintf(command, sizeof(command), "ip link add bench%u type bridge", i);
                run(command);
        }
        sleep(1);
}

static void create(sd_bus *bus, unsigned number) {
        _cleanup_(fd_closep) int fd = open(IMAGE, O_RDONLY | O_CLOEXEC);
        char name[32], bridge[16], ip[32];

        measure_check(fd < 0 ? -errno : 0, IMAGE);
        snprintf(name, sizeof(name), "many-%u", number);
        snprintf(bridge, sizeof(bridge), "bench%u", number / PORTS_PER_BRIDGE);
        snprintf(ip, sizeof(ip), "--ip=10.%u.%u.%u", number >> 16, number >> 8 & 255, number & 255);
        measure_check(sd_bus_call_method(bus, MANAGER, "CreateUnikernel", NULL, NULL, "sha{sv}",
                                         name, fd, 3, "Memory", "t", (uint64_t) 2 << 20,
                                         "Arguments", "as", 1, ip, "Nets", "a(sssbb)", 1, "service",
                                         bridge, "", 0, 0),
                      name);
}

static pid_t main_pid(sd_bus *bus, const char *path) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        uint32_t pid = 0;

        measure_check(sd_bus_get_property_trivial(bus, "org.freedesktop.systemd1", path,
                                                  "org.freedesktop.systemd1.Service", "MainPID",
                                                  &error, 'u', &pid),
                      path);
        return (pid_t) pid;
}

/* CPU time so far, nanoseconds. */
static uint64_t cpu_time(pid_t pid) {
        _cleanup_(file_closep) FILE *file = NULL;
        uint64_t nsec = 0;
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
        file = fopen(path, "re");
        measure_check(file && fscanf(file, "%" SCNu64, &nsec) == 1 ? 0 : -ESRCH, path);
        return nsec;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        measure_check(sd_bus_message_is_method_error(reply, NULL) ? -EIO : 0, "GetStatistics");
        *(bool *) userdata = true;
        return 0;
}

/* While @bus waits for the statistics, @other asks for something small again and again. */
static void look_busily(sd_bus *bus, sd_bus *other, pid_t daemon_pid, Look *look) {
        bool is_answered = false;

        measure_check(sd_bus_call_method_async(bus, NULL, MANAGER, "GetStatistics", on_answer,
                                               &is_answered, "s", ""),
                      "GetStatistics");
        while (!is_answered) {
                uint64_t start = measure_now(), cpu = cpu_time(daemon_pid);

                measure_check(
                        sd_bus_call_method(other, MANAGER, "ListUnikernels", NULL, NULL, "s", "no"),
                        "ListUnikernels");
                series_add(&look->other, measure_now() - start);
                series_add(&look->other_cpu, cpu_time(daemon_pid) - cpu);
                while (sd_bus_process(bus, NULL) > 0)
                        ;
        }
}

/* To the daemon itself: what is measured there is its loop, not the bus, which has the long answers
 * to look through. It cuts off who does not read the signals, so this is done anew each time. */
static void connect_directly(sd_bus **ret) {
        measure_check(sd_bus_new(ret), "bus");
        measure_check(sd_bus_set_address(*ret, "unix:path=" ALBATROSS_RUNTIMEDIR "/bus"),
                      "address");
        measure_check(sd_bus_start(*ret), "private socket");
}

static void measure(sd_bus *bus, Look *look) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *other = NULL;
        pid_t daemon_pid, service_pid;

        measure_check(sd_bus_call_method(bus, MANAGER, "GetStatistics", NULL, NULL, "s", ""),
                      "GetStatistics");
        daemon_pid = main_pid(bus, "/org/freedesktop/systemd1/unit/albatrossd_2eservice");
        service_pid =
                main_pid(bus, "/org/freedesktop/systemd1/unit/albatross_2dstatistics_2eservice");
        for (unsigned i = 0; i < N_LOOKS; i++) {
                uint64_t daemon = cpu_time(daemon_pid), service = cpu_time(service_pid);
                uint64_t start = measure_now();

                measure_check(
                        sd_bus_call_method(bus, MANAGER, "GetStatistics", NULL, NULL, "s", ""),
                        "GetStatistics");
                series_add(&look->answer, measure_now() - start);
                daemon = cpu_time(daemon_pid) - daemon;
                service = cpu_time(service_pid) - service;
                series_add(&look->cpu, daemon + service);
                series_add(&look->daemon_cpu, daemon);
        }
        connect_directly(&other);
        for (unsigned i = 0; i < N_LOOKS; i++)
                look_busily(bus, other, daemon_pid, look);
}

static void print(Look *look) {
        series_print(&look->cpu);
        series_print(&look->daemon_cpu);
        series_print(&look->answer);
        series_print(&look->other);
        series_print(&look->other_cpu);
}

int main(int argc, char *argv[]) {
        unsigned n_few = argc > 2 ? (unsigned) atoi(argv[1]) : 300, i = 0;
        unsigned n_many = argc > 2 ? (unsigned) atoi(argv[2]) : 3000;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        double per_300, growth;

        measure_check(0 < n_few && n_few < n_many && n_many < 60000 ? 0 : -ERANGE, "arguments");
        measure_check(sd_bus_open_system(&bus), "system bus");
        make_bridges(n_many);
        for (; i < n_few; i++)
                create(bus, i);
        measure(bus, &few);
        for (; i < n_many; i++)
                create(bus, i);
        measure(bus, &many);

        printf("few: %u unikernels with a tap each, many: %u\n", n_few, n_many);
        printf("%-44s %8s %8s %8s\n", "", "min", "median", "max");
        print(&few);
        print(&many);
        per_300 = (double) series_median(&few.cpu) / 1e6 * 300.0 / n_few;
        growth = (double) series_median(&many.cpu) / (double) series_median(&few.cpu) /
                 ((double) n_many / n_few) * 10.0;
        printf("CPU time for 300: %.1f ms (target: at most %.0f, %s)\n", per_300, TARGET_MSEC,
               per_300 <= TARGET_MSEC ? "met" : "missed");
        printf("growth for ten times as many: %.1f (target: at most %.0f, %s)\n", growth,
               TARGET_GROWTH, growth <= TARGET_GROWTH ? "met" : "missed");
        return 0;
}
