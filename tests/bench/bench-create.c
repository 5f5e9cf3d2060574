/* SPDX-License-Identifier: ISC */

/*
 * From nothing to a guest's first instruction, next to what it costs without us: the bare tender,
 * a bare scope with the tender in it, systemd-run. All kinds take turns in one run, so that the
 * machine's mood is the same for all of them. Runs as root on a real systemd: tools/bench.
 *
 * Everything is measured twice: one right after another, and each after a pause. To move a process
 * into a cgroup, the kernel waits for an RCU grace period (5 to 20 ms) unless it has done so a
 * moment ago, which is all that a start after a pause then shows, ours and anybody's; a cgroup file
 * system mounted with "favordynmods" never waits (cgroups(7), cgroup-v2.rst).
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

#define PAUSE_USEC 100000U

typedef struct Figures {
        Series tender_entry, tender_return, scope_entry, systemd_run;
        Series ctl_return, ctl_entry;
        Series create_return, create_entry;
        Series start_return, start_entry;
} Figures;

static Figures in_succession, after_pauses;

static const char *const scope_argv[] = {"/usr/bin/systemd-run", "--quiet", "--scope", "/bin/true",
                                         NULL};

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

static void measure_tender(Figures *figures) {
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
        series_add(&figures->tender_return, measure_now() - start);
        series_add(&figures->tender_entry, strtoull(text, NULL, 10) - start);
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

static void measure_scope(sd_bus *bus, Figures *figures) {
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
        series_add(&figures->scope_entry, strtoull(text, NULL, 10) - start);
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

/* What the guest of the newest run said its clock was: read from its console, which ends with it.
 */
static uint64_t read_entry(sd_bus *bus, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *line = NULL;
        char text[16384];
        int fd;

        measure_check(sd_bus_call_method(bus, MANAGER, "OpenConsole", NULL, &reply, "sa{sv}", name,
                                         2, "Follow", "b", true, "LastRun", "b", true),
                      "OpenConsole");
        measure_check(sd_bus_message_read(reply, "h", &fd), "OpenConsole");
        read_all(fd, text, sizeof(text));
        line = strstr(text, "\nMESSAGE=");
        measure_check(line ? 0 : -ENODATA, "the guest's clock");
        return strtoull(line + strlen("\nMESSAGE="), NULL, 10);
}

static void create(sd_bus *bus, const char *name, bool start) {
        int fd = open(IMAGE, O_RDONLY | O_CLOEXEC);

        measure_check(fd < 0 ? -errno : 0, IMAGE);
        measure_check(sd_bus_call_method(bus, MANAGER, "CreateUnikernel", NULL, NULL, "sha{sv}",
                                         name, fd, 3, "Memory", "t", (uint64_t) 2 << 20,
                                         "Arguments", "as", 1, "--clock", "Start", "b", start),
                      "CreateUnikernel");
        close(fd);
}

static void call_named(sd_bus *bus, const char *method, const char *name) {
        measure_check(sd_bus_call_method(bus, MANAGER, method, NULL, NULL, "sa{sv}", name, 0),
                      method);
}

static void run_ctl_create(const char *name) {
        const char *const argv[] = {"/usr/bin/albatrossctl",
                                    "create",
                                    "--memory=2",
                                    name,
                                    IMAGE,
                                    "--",
                                    "--clock",
                                    NULL};

        run_program(argv);
}

/* One of each. What has to be read or taken away comes after all that is measured. */
static void measure_round(sd_bus *bus, Figures *figures, unsigned pause_usec) {
        uint64_t ctl_start, create_start, start_start;

        create(bus, "started", false);
        measure_tender(figures);
        usleep(pause_usec);
        /* Not counted: so that the first one that is finds the kernel as the others do. */
        if (pause_usec == 0)
                run_program(scope_argv);
        measure_scope(bus, figures);
        usleep(pause_usec);
        series_add(&figures->systemd_run, run_program(scope_argv));
        usleep(pause_usec);

        ctl_start = measure_now();
        run_ctl_create("ctl");
        series_add(&figures->ctl_return, measure_now() - ctl_start);
        usleep(pause_usec);

        create_start = measure_now();
        create(bus, "created", true);
        series_add(&figures->create_return, measure_now() - create_start);
        usleep(pause_usec);

        start_start = measure_now();
        call_named(bus, "StartUnikernel", "started");
        series_add(&figures->start_return, measure_now() - start_start);

        series_add(&figures->ctl_entry, read_entry(bus, "ctl") - ctl_start);
        series_add(&figures->create_entry, read_entry(bus, "created") - create_start);
        series_add(&figures->start_entry, read_entry(bus, "started") - start_start);
        call_named(bus, "DestroyUnikernel", "ctl");
        call_named(bus, "DestroyUnikernel", "created");
        call_named(bus, "DestroyUnikernel", "started");
}

static void print_figures(Figures *figures, const char *title) {
        Series *all[] = {&figures->tender_entry,  &figures->tender_return, &figures->scope_entry,
                         &figures->systemd_run,   &figures->ctl_return,    &figures->ctl_entry,
                         &figures->create_return, &figures->create_entry,  &figures->start_return,
                         &figures->start_entry};

        printf("%-44s %8s %8s %8s\n", title, "min", "median", "max");
        for (size_t i = 0; i < N_ELEMENTS(all); i++)
                series_print(all[i]);
        series_print_ratio(&figures->ctl_return, &figures->systemd_run, 1.2);
        series_print_ratio(&figures->create_entry, &figures->tender_entry, 8);
        series_print_ratio(&figures->start_entry, &figures->tender_entry, 5);
        series_print_ratio(&figures->create_entry, &figures->scope_entry, 0);
        series_print_ratio(&figures->start_entry, &figures->scope_entry, 0);
        putchar('\n');
}

static void figures_init(Figures *figures) {
        figures->tender_entry.name = "bare tender, to entry";
        figures->tender_return.name = "bare tender, to exit";
        figures->scope_entry.name = "bare scope with tender, to entry";
        figures->systemd_run.name = "systemd-run --scope /bin/true";
        figures->ctl_return.name = "albatrossctl create, to return";
        figures->ctl_entry.name = "albatrossctl create, to entry";
        figures->create_return.name = "create on an open bus, to return";
        figures->create_entry.name = "create on an open bus, to entry";
        figures->start_return.name = "start on an open bus, to return";
        figures->start_entry.name = "start on an open bus, to entry";
}

int main(int argc, char *argv[]) {
        unsigned n_rounds = argc > 1 ? (unsigned) atoi(argv[1]) : 50;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        measure_check(sd_bus_open_system(&bus), "system bus");
        measure_check(sd_bus_match_signal(bus, NULL, "org.freedesktop.systemd1",
                                          "/org/freedesktop/systemd1",
                                          "org.freedesktop.systemd1.Manager", "JobRemoved",
                                          on_job_removed, &removed_job),
                      "match");

        figures_init(&in_succession);
        figures_init(&after_pauses);
        for (unsigned i = 0; i < n_rounds; i++) {
                measure_round(bus, &in_succession, 0);
                if (i % 4 == 0)
                        measure_round(bus, &after_pauses, PAUSE_USEC);
        }
        print_figures(&in_succession, "one right after another");
        print_figures(&after_pauses, "each after a pause of 100 ms");
        free(removed_job);
        return 0;
}
