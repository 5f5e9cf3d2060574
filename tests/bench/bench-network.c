/* SPDX-License-Identifier: ISC */

/*
 * A start with one network, next to what it is made of: a tap, made and configured by the very same
 * calls to the kernel, a scope, and the tender. With nothing else on the bridge and with 900 taps.
 * And what another client's list takes while such a unikernel is destroyed. Runs as root on a real
 * systemd: tools/bench network [ROUNDS].
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "measure.h"
#include "network/tap.h"

#define TENDER  ALBATROSS_LIBEXECDIR "/albatross-spt"
#define IMAGE   GUESTS "/echo.spt"
#define MANAGER "org.albatross", "/org/albatross", "org.albatross.Manager"
#define SYSTEMD                                                                                    \
        "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"
#define BRIDGE  "benchbr"
#define NAME    "bench"
#define N_PORTS 900U

typedef struct Figures {
        Series tap, bare, start, idle_list, busy_list;
} Figures;

typedef struct Bench {
        sd_bus *bus, *other;
        Netlink netlink;
        HostBridges bridges;
        int ports[N_PORTS];
} Bench;

static char *removed_job;

static void run(const char *command) {
        measure_check(system(command) == 0 ? 0 : -EIO, command);
}

/* --- the sum of its parts --- */

static int make_tap(Bench *bench, unsigned number) {
        NetworkRequest request = {
                .version = NETWORK_WIRE_VERSION,
                .verb = NETWORK_MAKE_TAP,
                .mac = {0x02, 0, 0, 1, (uint8_t) (number >> 8), (uint8_t) number},
                .bridge.text = BRIDGE,
                .unikernel = NAME,
        };
        NetworkName name;
        int fd;

        measure_check(tap_make(&bench->netlink, &request,
                               host_bridges_find(&bench->bridges, BRIDGE), &fd, &name),
                      "a tap");
        return fd;
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *job;

        measure_check(sd_bus_message_read(message, "uoss", NULL, &job, NULL, NULL), "JobRemoved");
        free(removed_job);
        removed_job = strdup(job);
        return 0;
}

static void place_in_scope(sd_bus *bus, pid_t pid) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        static unsigned n;
        const char *job;
        char unit[64];

        snprintf(unit, sizeof(unit), "bench-%d-%u.scope", getpid(), n++);
        measure_check(sd_bus_call_method(bus, SYSTEMD, "StartTransientUnit", NULL, &reply,
                                         "ssa(sv)a(sa(sv))", unit, "fail", 2, "PIDs", "au", 1,
                                         (uint32_t) pid, "Slice", "s", "bench.slice", 0),
                      "StartTransientUnit");
        measure_check(sd_bus_message_read(reply, "o", &job), "StartTransientUnit");
        while (!removed_job || strcmp(removed_job, job) != 0) {
                int r = sd_bus_process(bus, NULL);

                measure_check(r, "bus");
                if (r == 0)
                        measure_check(sd_bus_wait(bus, UINT64_MAX), "bus");
        }
}

/* Begins when we close the writing end of @gate; @tap is its network. */
static pid_t fork_tender(int tap, int output, const int gate[2]) {
        char net[64], byte;
        pid_t pid = fork();

        measure_check(pid < 0 ? -errno : 0, "fork");
        if (pid > 0)
                return pid;
        close(gate[1]);
        if (read(gate[0], &byte, 1) != 0 || dup2(output, STDOUT_FILENO) < 0 ||
            fcntl(tap, F_SETFD, 0) < 0)
                _exit(1);
        snprintf(net, sizeof(net), "--net:service=@%d", tap);
        execl(TENDER, TENDER, "--mem=2", net, "--", IMAGE, "--ip=10.99.0.1", (char *) NULL);
        _exit(127);
}

static void measure_bare(Bench *bench, Figures *figures) {
        int output[2], gate[2], tap;
        uint64_t start, made;
        char byte;
        pid_t pid;

        measure_check(pipe2(output, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
        measure_check(pipe2(gate, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
        start = measure_now();
        tap = make_tap(bench, 0xffff);
        made = measure_now();
        pid = fork_tender(tap, output[1], gate);
        place_in_scope(bench->bus, pid);
        close(gate[1]);
        close(output[1]);
        measure_check(read(output[0], &byte, 1) == 1 ? 0 : -EIO, "a guest that speaks");
        series_add(&figures->bare, measure_now() - start);
        series_add(&figures->tap, made - start);

        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(tap);
        close(output[0]);
        close(gate[0]);
}

/* --- ours --- */

static void call_named(sd_bus *bus, const char *method) {
        measure_check(sd_bus_call_method(bus, MANAGER, method, NULL, NULL, "sa{sv}", NAME, 0),
                      method);
}

static void create(sd_bus *bus) {
        int fd = open(IMAGE, O_RDONLY | O_CLOEXEC);

        measure_check(fd < 0 ? -errno : 0, IMAGE);
        measure_check(sd_bus_call_method(bus, MANAGER, "CreateUnikernel", NULL, NULL, "sha{sv}",
                                         NAME, fd, 4, "Memory", "t", (uint64_t) 2 << 20,
                                         "Arguments", "as", 1, "--ip=10.99.0.2", "Start", "b",
                                         false, "Nets", "a(sssbb)", 1, "service", BRIDGE, "", false,
                                         false),
                      "CreateUnikernel");
        close(fd);
}

static void measure_list(Bench *bench, Series *series) {
        uint64_t start = measure_now();

        measure_check(
                sd_bus_call_method(bench->other, MANAGER, "ListUnikernels", NULL, NULL, "s", ""),
                "ListUnikernels");
        series_add(series, measure_now() - start);
}

static int on_destroyed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        measure_check(-sd_bus_message_get_errno(message), "DestroyUnikernel");
        *(bool *) userdata = true;
        return 0;
}

static void measure_destroy(Bench *bench, Figures *figures) {
        bool destroyed = false;

        measure_list(bench, &figures->idle_list);
        measure_check(sd_bus_call_method_async(bench->bus, NULL, MANAGER, "DestroyUnikernel",
                                               on_destroyed, &destroyed, "sa{sv}", NAME, 0),
                      "DestroyUnikernel");
        measure_check(sd_bus_flush(bench->bus), "bus");
        while (!destroyed) {
                measure_list(bench, &figures->busy_list);
                while (sd_bus_process(bench->bus, NULL) > 0)
                        ;
        }
}

static void measure_round(Bench *bench, Figures *figures) {
        uint64_t start;

        create(bench->bus);
        measure_bare(bench, figures);
        start = measure_now();
        call_named(bench->bus, "StartUnikernel");
        series_add(&figures->start, measure_now() - start);
        measure_destroy(bench, figures);
}

static void print_figures(Figures *figures, const char *title) {
        Series *all[] = {&figures->tap, &figures->bare, &figures->start, &figures->idle_list,
                         &figures->busy_list};

        printf("%-44s %8s %8s %8s\n", title, "min", "median", "max");
        for (size_t i = 0; i < N_ELEMENTS(all); i++)
                series_print(all[i]);
        series_print_ratio(&figures->start, &figures->bare, 1.5);
        series_print_ratio(&figures->busy_list, &figures->idle_list, 0);
        putchar('\n');
}

static void figures_init(Figures *figures) {
        figures->tap.name = "a tap, made and configured";
        figures->bare.name = "that, a scope, and the tender to its guest";
        figures->start.name = "start with one tap, to return";
        figures->idle_list.name = "list";
        figures->busy_list.name = "list while one with a tap is destroyed";
}

static void bench_begin(Bench *bench) {
        run("ip link add " BRIDGE " address 02:00:00:00:00:be type bridge && "
            "ip link set " BRIDGE " up");
        measure_check(sd_bus_open_system(&bench->bus), "system bus");
        measure_check(sd_bus_open_system(&bench->other), "system bus");
        measure_check(
                sd_bus_match_signal(bench->bus, NULL, SYSTEMD, "JobRemoved", on_job_removed, NULL),
                "match");
        bench->netlink = (Netlink) NETLINK_CLOSED;
        measure_check(netlink_open(&bench->netlink, NETLINK_ROUTE, 0), "netlink");
        measure_check(host_bridges_open(&bench->bridges, &bench->netlink), "bridges");
}

int main(int argc, char *argv[]) {
        unsigned n_rounds = argc > 1 ? (unsigned) atoi(argv[1]) : 40;
        static Figures alone, crowded;
        static Bench bench;

        bench_begin(&bench);
        figures_init(&alone);
        figures_init(&crowded);
        /* The daemon hears of the bridge a moment later. */
        usleep(200000);
        for (unsigned i = 0; i < n_rounds; i++)
                measure_round(&bench, &alone);
        for (unsigned i = 0; i < N_PORTS; i++)
                bench.ports[i] = make_tap(&bench, i);
        for (unsigned i = 0; i < n_rounds; i++)
                measure_round(&bench, &crowded);

        print_figures(&alone, "nothing else on the bridge");
        print_figures(&crowded, "with 900 taps on the bridge");
        crowded.start.name = "with 900 taps";
        series_print_ratio(&crowded.start, &alone.start, 1.5);
        fflush(stdout);
        run("ip link del " BRIDGE);
        return 0;
}
