/* SPDX-License-Identifier: ISC */

/*
 * What a scrape takes: N unikernels (1000, or the first argument) that sleep, and then HTTP
 * requests on the Unix socket of albatross-metrics, from connect() to the last byte; next to it the
 * calls of the daemon that are behind it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "measure.h"

#define IMAGE      ALBATROSS_DATADIR "/hello.spt"
#define MANAGER    "org.albatross", "/org/albatross", "org.albatross.Manager"
#define SOCKET     "/run/albatross-metrics/socket"
#define N_REPEATED 15
#define TARGET_MS  200.0

static Series openmetrics = {"scrape, OpenMetrics"};
static Series text = {"scrape, text format"};
static Series statistics = {"GetStatistics"};
static Series list = {"ListUnikernels"};

static void create(sd_bus *bus, unsigned number) {
        _cleanup_(fd_closep) int fd = open(IMAGE, O_RDONLY | O_CLOEXEC);
        char name[32];

        snprintf(name, sizeof(name), "u%u", number);
        measure_check(fd, IMAGE);
        measure_check(sd_bus_call_method(bus, MANAGER, "CreateUnikernel", NULL, NULL, "sha{sv}",
                                         name, fd, 2, "Memory", "t", (uint64_t) 2 << 20,
                                         "Arguments", "as", 1, "--sleep=100000"),
                      "CreateUnikernel");
}

/* Returns how many bytes there were. */
static size_t scrape(const char *accept, Series *series) {
        static char data[1U << 16];
        const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET};
        _cleanup_(fd_closep) int fd = -1;
        uint64_t start = measure_now();
        size_t size = 0;
        char request[256];
        ssize_t n;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        measure_check(fd < 0 ? -errno : 0, "socket");
        measure_check(connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ? -errno
                                                                                           : 0,
                      SOCKET);
        snprintf(request, sizeof(request),
                 "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: %s\r\n\r\n", accept);
        measure_check(write(fd, request, strlen(request)) < 0 ? -errno : 0, "write");
        while ((n = read(fd, data, sizeof(data))) > 0) {
                if (size == 0)
                        measure_check(memcmp(data, "HTTP/1.1 200", 12) == 0 ? 0 : -EBADMSG,
                                      "the status of the answer");
                size += (size_t) n;
        }
        measure_check(n < 0 ? -errno : 0, "read");
        if (series)
                series_add(series, measure_now() - start);
        return size;
}

static void call(sd_bus *bus, const char *method, Series *series) {
        uint64_t start = measure_now();

        measure_check(sd_bus_call_method(bus, MANAGER, method, NULL, NULL, "s", ""), method);
        series_add(series, measure_now() - start);
}

/* CPU time of a service, in nanoseconds: another load on the machine does not count in it. */
static uint64_t cpu_of(sd_bus *bus, const char *unit) {
        uint64_t nsec = 0;
        char path[128];

        snprintf(path, sizeof(path), "/org/freedesktop/systemd1/unit/%s_2eservice", unit);
        measure_check(sd_bus_get_property_trivial(bus, "org.freedesktop.systemd1", path,
                                                  "org.freedesktop.systemd1.Service",
                                                  "CPUUsageNSec", NULL, 't', &nsec),
                      path);
        return nsec;
}

static void print_cpu(sd_bus *bus) {
        static const struct {
                const char *unit, *name;
        } services[] = {
                {"albatross_2dmetrics", "albatross-metrics"},
                {"albatrossd", "albatrossd"},
                {"albatross_2dstatistics", "albatross-statistics"},
                {"dbus", "dbus-daemon"},
        };
        uint64_t before[N_ELEMENTS(services)];

        for (size_t i = 0; i < N_ELEMENTS(services); i++)
                before[i] = cpu_of(bus, services[i].unit);
        for (unsigned i = 0; i < N_REPEATED; i++)
                scrape("application/openmetrics-text", NULL);
        for (size_t i = 0; i < N_ELEMENTS(services); i++)
                printf("  CPU time of %-28s %8.2f ms in a scrape\n", services[i].name,
                       (double) (cpu_of(bus, services[i].unit) - before[i]) / 1e6 / N_REPEATED);
}

int main(int argc, char *argv[]) {
        unsigned n_unikernels = argc > 1 ? (unsigned) atoi(argv[1]) : 1000;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        double slowest_ms;
        size_t size;

        measure_check(sd_bus_open_system(&bus), "the system bus");
        measure_check(system("systemctl start albatross-metrics.socket") == 0 ? 0 : -EIO,
                      "albatross-metrics.socket");
        for (unsigned i = 0; i < n_unikernels; i++)
                create(bus, i);
        /* The first one starts somebody. */
        size = scrape("application/openmetrics-text", NULL);
        for (unsigned i = 0; i < N_REPEATED; i++) {
                scrape("application/openmetrics-text", &openmetrics);
                scrape("text/plain", &text);
                call(bus, "GetStatistics", &statistics);
                call(bus, "ListUnikernels", &list);
        }
        series_print(&openmetrics);
        series_print(&text);
        series_print(&statistics);
        series_print(&list);
        print_cpu(bus);
        slowest_ms = (double) MAX_OF(series_median(&openmetrics), series_median(&text)) / 1e6;
        printf("%u unikernels: %zu KiB in a scrape, of %.0f ms at most (target: at most %.0f, "
               "%s)\n",
               n_unikernels, size >> 10, slowest_ms, TARGET_MS,
               slowest_ms <= TARGET_MS ? "met" : "missed");
        return EXIT_SUCCESS;
}
