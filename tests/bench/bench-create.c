/* SPDX-License-Identifier: ISC */

/*
 * From nothing to a guest's first instruction, next to what it costs without us: the bare tender,
 * a bare scope with the tender in it, systemd-run. All kinds take turns in one run, so that the
 * machine's mood is the same for all of them. Runs as root on a real systemd: tools/bench.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "measure.h"

#define TENDER  ALBATROSS_LIBEXECDIR "/albatross-spt"
#define IMAGE   ALBATROSS_DATADIR "/hello.spt"
#define MANAGER "org.albatross", "/org/albatross", "org.albatross.Manager"

static Series tender_entry = {"bare tender, to entry"};
static Series tender_return = {"bare tender, to exit"};
static Series scope_entry = {"bare scope with tender, to entry"};
static Series systemd_run = {"systemd-run --scope /bin/true"};
static Series ctl_create = {"albatrossctl create, to return"};
static Series ctl_entry = {"albatrossctl create, to entry"};
static Series bus_create = {"create on an open bus, to return"};
static Series bus_create_entry = {"create on an open bus, to entry"};
static Series bus_start = {"start on an open bus, to return"};
static Series bus_start_entry = {"start on an open bus, to entry"};

/* Everything from @fd, as text. */
static void read_all(int fd, char *text, size_t size) {
        size_t length = 0;
        ssize_t n;

        while (length < size - 1 && (n = read(fd, text + length, size - 1 - length)) > 0)
                length += (size_t) n;
        text[length] = '\0';
}

static void wait_for(pid_t pid, const char *what) {
        int status;

        measure_check(waitpid(pid, &status, 0) == pid ? 0 : -errno, what);
        measure_check(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO, what);
}

/* Its output goes to @output. With a @gate, it begins when we close the writing end of that. */
static pid_t fork_program(const char *const *argv, int output, const int *gate) {
        pid_t pid = fork();
        char byte;

        measure_check(pid < 0 ? -errno : 0, "fork");
        if (pid > 0)
                return pid;
        if (gate)
                close(gate[1]);
        if (gate && read(gate[0], &byte, 1) != 0)
                _exit(1);
        dup2(output, STDOUT_FILENO);
        execv(argv[0], (char *const *) (uintptr_t) argv);
        _exit(127);
}

static const char *const tender_argv[] = {TENDER, "--mem=2", "--", IMAGE, "--clock", NULL};

static void measure_tender(void) {
        char text[256];
        int output[2];
        uint64_t start;
        pid_t pid;

        measure_check(pipe2(output, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
        start = measure_now();
        pid = fork_program(tender_argv, output[1], NULL);
        close(output[1]);
        read_all(output[0], text, sizeof(text));
        wait_for(pid, "bare tender");
        series_add(&tender_return, measure_now() - start);
        series_add(&tender_entry, strtoull(text, NULL, 10) - start);
        close(output[0]);
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *job;
        char **removed = userdata;

        measure_check(sd_bus_message_read(message, "uoss", NULL, &job, NULL, NULL), "JobRemoved");
        free(*removed);
        *removed = strdup(job);
        return 0;
}

static char *removed_job;

static void place_in_scope(sd_bus *bus, pid_t pid) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        static unsigned n;
        const char *job;
        char unit[64];

        snprintf(unit, sizeof(unit), "bench-%d-%u.scope", getpid(), n++);
        measure_check(sd_bus_call_method(bus, "org.freedesktop.systemd1",
                                         "/org/freedesktop/systemd1",
                                         "org.freedesktop.systemd1.Manager", "StartTransientUnit",
                                         NULL, &reply, "ssa(sv)a(sa(sv))", unit, "fail", 2, "PIDs",
                                         "au", 1, (uint32_t) pid, "Slice", "s", "bench.slice", 0),
                      "StartTransientUnit");
        measure_check(sd_bus_message_read(reply, "o", &job), "StartTransientUnit");
        while (!removed_job || strcmp(removed_job, job) != 0) {
                int r = sd_bus_process(bus, NULL);

                measure_check(r, "bus");
                if (r == 0)
                        measure_check(sd_bus_wait(bus, UINT64_MAX), "bus");
        }
}

static void measure_scope(sd_bus *bus) {
        char text[256];
        int output[2], gate[2];
        uint64_t start;
        pid_t pid;

        measure_check(pipe2(output, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
        measure_check(pipe2(gate, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
        start = measure_now();
        pid = fork_program(tender_argv, output[1], gate);
        place_in_scope(bus, pid);
        close(gate[1]);
        close(output[1]);
        read_all(output[0], text, sizeof(text));
        wait_for(pid, "tender in a scope");
        series_add(&scope_entry, strtoull(text, NULL, 10) - start);
        close(output[0]);
        close(gate[0]);
}

static uint64_t run_program(const char *const *argv) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        uint64_t start = measure_now();

        wait_for(fork_program(argv, null, NULL), argv[0]);
        close(null);
        return measure_now() - start;
}

static void measure_systemd_run(void) {
        static const char *const argv[] = {"/usr/bin/systemd-run", "--quiet", "--scope",
                                           "/bin/true", NULL};

        series_add(&systemd_run, run_program(argv));
}

/* What the guest said its clock was: read from its console, which ends with it. */
static uint64_t read_entry(sd_bus *bus, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        char text[16384];
        const char *line = NULL;
        int fd;

        measure_check(sd_bus_call_method(bus, MANAGER, "OpenConsole", NULL, &reply, "sa{sv}", name,
                                         2, "Follow", "b", true, "LastRun", "b", true),
                      "OpenConsole");
        measure_check(sd_bus_message_read(reply, "h", &fd), "OpenConsole");
        read_all(fd, text, sizeof(text));
        /* The last one: a line of the run before may have lost its invocation (see the journal). */
        for (const char *next = text; (next = strstr(next, "\nMESSAGE=")); next++)
                line = next;
        measure_check(line ? 0 : -ENODATA, "the guest's clock");
        return strtoull(line + strlen("\nMESSAGE="), NULL, 10);
}

static void destroy(sd_bus *bus, const char *name) {
        measure_check(
                sd_bus_call_method(bus, MANAGER, "DestroyUnikernel", NULL, NULL, "sa{sv}", name, 0),
                "DestroyUnikernel");
}

static void measure_ctl(sd_bus *bus, const char *name) {
        const char *const argv[] = {"/usr/bin/albatrossctl",
                                    "create",
                                    "--memory=2",
                                    name,
                                    IMAGE,
                                    "--",
                                    "--clock",
                                    NULL};
        uint64_t start = measure_now();

        series_add(&ctl_create, run_program(argv));
        series_add(&ctl_entry, read_entry(bus, name) - start);
        destroy(bus, name);
}

static void measure_create(sd_bus *bus, const char *name) {
        int fd = open(IMAGE, O_RDONLY | O_CLOEXEC);
        uint64_t start;

        measure_check(fd < 0 ? -errno : 0, IMAGE);
        start = measure_now();
        measure_check(sd_bus_call_method(bus, MANAGER, "CreateUnikernel", NULL, NULL, "sha{sv}",
                                         name, fd, 2, "Memory", "t", (uint64_t) 2 << 20,
                                         "Arguments", "as", 1, "--clock"),
                      "CreateUnikernel");
        series_add(&bus_create, measure_now() - start);
        series_add(&bus_create_entry, read_entry(bus, name) - start);
        close(fd);
}

static void measure_start(sd_bus *bus, const char *name) {
        uint64_t start = measure_now();

        measure_check(
                sd_bus_call_method(bus, MANAGER, "StartUnikernel", NULL, NULL, "sa{sv}", name, 0),
                "StartUnikernel");
        series_add(&bus_start, measure_now() - start);
        series_add(&bus_start_entry, read_entry(bus, name) - start);
}

static void print_all(void) {
        Series *all[] = {&tender_entry, &tender_return,  &scope_entry, &systemd_run,
                         &ctl_create,   &ctl_entry,      &bus_create,  &bus_create_entry,
                         &bus_start,    &bus_start_entry};

        printf("%-44s %8s %8s %8s\n", "", "min", "median", "max");
        for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
                series_print(all[i]);
        series_print_ratio(&ctl_create, &systemd_run, 1.2);
        series_print_ratio(&bus_create_entry, &tender_entry, 8);
        series_print_ratio(&bus_start_entry, &tender_entry, 5);
        series_print_ratio(&bus_start_entry, &scope_entry, 0);
}

int main(int argc, char *argv[]) {
        unsigned n_rounds = argc > 1 ? (unsigned) atoi(argv[1]) : 50;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        char name[64];

        measure_check(sd_bus_open_system(&bus), "system bus");
        measure_check(sd_bus_match_signal(bus, NULL, "org.freedesktop.systemd1",
                                          "/org/freedesktop/systemd1",
                                          "org.freedesktop.systemd1.Manager", "JobRemoved",
                                          on_job_removed, &removed_job),
                      "match");

        for (unsigned i = 0; i < n_rounds; i++) {
                snprintf(name, sizeof(name), "bench-%u", i);
                measure_tender();
                measure_scope(bus);
                measure_systemd_run();
                measure_ctl(bus, name);
                measure_create(bus, name);
                measure_start(bus, name);
                destroy(bus, name);
        }
        print_all();
        free(removed_job);
        return 0;
}
