/* SPDX-License-Identifier: ISC */

/*
 * Does who reads a console slow its guest down? A guest prints as fast as it can; how long a MiB of
 * its output takes is measured in turn with no reader and with five that follow it and never read.
 * Journald keeps what it likes of that: a guest is held up by its socket, not by what is kept. Runs
 * as root on a real systemd: tools/bench console [ROUNDS].
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "measure.h"

#define IMAGE      GUESTS "/chatty.spt"
#define MANAGER    "org.albatross", "/org/albatross", "org.albatross.Manager"
#define NAME       "chatty"
#define N_READERS  5U
#define ROUND_USEC 1000000U
#define TARGET     0.95

/* As long the readers' pipes take to be full, and whoever writes to them to stop. */
#define SETTLE_USEC 500000U

static Series none = {"a MiB of output, no reader"};
static Series stalled = {"a MiB of output, 5 readers that never read"};

static pid_t create(sd_bus *bus) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(fd_closep) int fd = open(IMAGE, O_RDONLY | O_CLOEXEC);
        uint32_t pid = 0;

        measure_check(fd < 0 ? -errno : 0, IMAGE);
        measure_check(sd_bus_call_method(bus, MANAGER, "CreateUnikernel", NULL, NULL, "sha{sv}",
                                         NAME, fd, 1, "Memory", "t", (uint64_t) 2 << 20),
                      "CreateUnikernel");
        measure_check(sd_bus_get_property_trivial(
                              bus, "org.albatross", "/org/albatross/unikernel/" NAME,
                              "org.albatross.Unikernel", "MainPID", &error, 'u', &pid),
                      "MainPID");
        return (pid_t) pid;
}

static void destroy(sd_bus *bus) {
        measure_check(
                sd_bus_call_method(bus, MANAGER, "DestroyUnikernel", NULL, NULL, "sa{sv}", NAME, 0),
                "DestroyUnikernel");
}

/* Returns its end of the pipe, which is not read from. */
static int open_console(sd_bus *bus) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int fd;

        measure_check(sd_bus_call_method(bus, MANAGER, "OpenConsole", NULL, &reply, "sa{sv}", NAME,
                                         1, "Follow", "b", true),
                      "OpenConsole");
        measure_check(sd_bus_message_read(reply, "h", &fd), "OpenConsole");
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        measure_check(fd < 0 ? -errno : 0, "dup");
        return fd;
}

/* What its tender has written so far, that is to say its output. */
static uint64_t written(pid_t pid) {
        _cleanup_(file_closep) FILE *file = NULL;
        uint64_t n_bytes = 0;
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/io", pid);
        file = fopen(path, "re");
        measure_check(file && fscanf(file, "rchar: %*u wchar: %" SCNu64, &n_bytes) == 1 ? 0
                                                                                        : -ESRCH,
                      path);
        return n_bytes;
}

static void measure_round(pid_t pid, Series *series) {
        uint64_t start, before, n_bytes;

        usleep(SETTLE_USEC);
        before = written(pid);
        start = measure_now();
        usleep(ROUND_USEC);
        n_bytes = written(pid) - before;
        measure_check(n_bytes > 0 ? 0 : -ETIMEDOUT, "a guest that prints");
        series_add(series, (uint64_t) ((double) (measure_now() - start) / (double) n_bytes *
                                       (double) (1U << 20)));
}

static void measure_both(sd_bus *bus, pid_t pid) {
        int readers[N_READERS];

        measure_round(pid, &none);
        for (size_t i = 0; i < N_READERS; i++)
                readers[i] = open_console(bus);
        measure_round(pid, &stalled);
        for (size_t i = 0; i < N_READERS; i++) {
                int n_bytes = 0;

                /* One that has nothing in its pipe would hold nobody up in any case. */
                measure_check(ioctl(readers[i], FIONREAD, &n_bytes) < 0 ? -errno
                              : n_bytes > 0                             ? 0
                                                                        : -ENODATA,
                              "what a reader could read");
                close(readers[i]);
        }
}

int main(int argc, char *argv[]) {
        unsigned n_rounds = argc > 1 ? (unsigned) atoi(argv[1]) : 10;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        double ratio;
        pid_t pid;

        measure_check(n_rounds > 0 && n_rounds <= SERIES_MAX ? 0 : -ERANGE, "number of rounds");
        measure_check(sd_bus_open_system(&bus), "system bus");
        pid = create(bus);
        for (unsigned i = 0; i < n_rounds; i++)
                measure_both(bus, pid);
        destroy(bus);

        printf("%-44s %8s %8s %8s\n", "", "min", "median", "max");
        series_print(&none);
        series_print(&stalled);
        ratio = (double) series_median(&none) / (double) series_median(&stalled);
        printf("output rate with 5 readers that never read / with none: %.2f (target: at least "
               "%.2f, %s)\n",
               ratio, TARGET, ratio >= TARGET ? "met" : "missed");
        return 0;
}
