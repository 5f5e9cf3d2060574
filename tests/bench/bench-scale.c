/* SPDX-License-Identifier: ISC */

/*
 * What grows with the number of unikernels, and what should not. N unikernels (1000, or the first
 * argument) that sleep are created one after another by albatrossctl, in turn with N times
 * systemd-run --scope of the same tender; what an operation takes, what our own processes need and
 * how often they wake up is measured with none and with all of them.
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
#define SCOPES  "albatross-*.scope"

#define N_REPEATED 40
#define REST_SEC   10

static Series create_none = {"create and start, with none"};
static Series create_all = {"create and start, with all"};
static Series ctl_create = {"albatrossctl create"};
static Series systemd_run = {"systemd-run --scope of the tender"};
static Series ctl_list = {"albatrossctl list"};
static Series busctl_list = {"busctl list"};
static Series json_list = {"albatrossctl list --json"};
static Series list_units = {"systemctl list-units of the same scopes"};
static Series list_call = {"ListUnikernels on an open bus"};

static uint64_t run_program(const char *const *argv) {
        uint64_t start = measure_now();
        int status;
        pid_t pid;

        pid = fork();
        measure_check(pid < 0 ? -errno : 0, "fork");
        if (pid == 0) {
                int null = open("/dev/null", O_RDWR | O_CLOEXEC);

                dup2(null, STDIN_FILENO);
                dup2(null, STDOUT_FILENO);
                execv(argv[0], (char *const *) (uintptr_t) argv);
                _exit(127);
        }
        measure_check(waitpid(pid, &status, 0) == pid ? 0 : -errno, argv[0]);
        measure_check(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO, argv[0]);
        return measure_now() - start;
}

static void create(sd_bus *bus, const char *name, Series *series) {
        _cleanup_(fd_closep) int fd = open(IMAGE, O_RDONLY | O_CLOEXEC);
        uint64_t start = measure_now();

        measure_check(fd < 0 ? -errno : 0, IMAGE);
        measure_check(sd_bus_call_method(bus, MANAGER, "CreateUnikernel", NULL, NULL, "sha{sv}",
                                         name, fd, 2, "Memory", "t", (uint64_t) 2 << 20,
                                         "Arguments", "as", 1, "--sleep=36000"),
                      "CreateUnikernel");
        series_add(series, measure_now() - start);
}

static void destroy(sd_bus *bus, const char *name) {
        measure_check(
                sd_bus_call_method(bus, MANAGER, "DestroyUnikernel", NULL, NULL, "sa{sv}", name, 0),
                "DestroyUnikernel");
}

static void repeat_create(sd_bus *bus, Series *series) {
        for (unsigned i = 0; i < N_REPEATED; i++) {
                create(bus, "repeated", series);
                destroy(bus, "repeated");
        }
}

/* In turn, so that both see the same machine. */
static void create_both(unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                char name[32];
                const char *const ours[] = {
                        "/usr/bin/albatrossctl", "-q", "create", "--memory=2", name, IMAGE, "--",
                        "--sleep=36000",         NULL};
                const char *const theirs[] = {"/usr/bin/systemd-run",
                                              "--quiet",
                                              "--scope",
                                              "--slice=bench.slice",
                                              "/usr/bin/setsid",
                                              "--fork",
                                              TENDER,
                                              "--mem=2",
                                              "--",
                                              IMAGE,
                                              "--sleep=36000",
                                              NULL};

                snprintf(name, sizeof(name), "many-%u", i);
                series_add(&ctl_create, run_program(ours));
                series_add(&systemd_run, run_program(theirs));
        }
}

/* --- our own processes --- */

/* Those that the target is for come first. */
enum { DAEMON, LAUNCHER, WRITER, N_TARGET, LOOK_UP = N_TARGET, NETWORK, N_PROCESSES };

typedef struct Processes {
        pid_t pids[N_PROCESSES];
} Processes;

static pid_t main_pid(sd_bus *bus, const char *path) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        uint32_t pid = 0;

        measure_check(sd_bus_get_property_trivial(bus, "org.freedesktop.systemd1", path,
                                                  "org.freedesktop.systemd1.Service", "MainPID",
                                                  &error, 'u', &pid),
                      path);
        measure_check(pid > 0 ? 0 : -ESRCH, path);
        return (pid_t) pid;
}

/* @name as the kernel has it: 15 characters. */
static pid_t child_called(pid_t parent, const char *name) {
        char command[64];
        int child = 0;
        FILE *file;

        snprintf(command, sizeof(command), "pgrep -P %d -x %s", parent, name);
        file = popen(command, "re");
        if (!file || fscanf(file, "%d", &child) != 1)
                child = 0;
        if (file)
                pclose(file);
        measure_check(child > 0 ? 0 : -ESRCH, name);
        return child;
}

static Processes find_processes(sd_bus *bus) {
        Processes processes;
        pid_t daemon = main_pid(bus, "/org/freedesktop/systemd1/unit/albatrossd_2eservice");

        processes.pids[DAEMON] = daemon;
        processes.pids[WRITER] = child_called(daemon, "albatross-write");
        processes.pids[LOOK_UP] = child_called(daemon, "albatross-look-");
        processes.pids[LAUNCHER] =
                main_pid(bus, "/org/freedesktop/systemd1/unit/albatross_2dlauncher_2eservice");
        processes.pids[NETWORK] =
                main_pid(bus, "/org/freedesktop/systemd1/unit/albatross_2dnetwork_2eservice");
        return processes;
}

/* The sum of the lines of /proc/PID/@file that begin with @key. */
static uint64_t sum_lines(pid_t pid, const char *file_name, const char *key) {
        char path[64], line[256];
        uint64_t sum = 0;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/%s", pid, file_name);
        file = fopen(path, "re");
        measure_check(file ? 0 : -errno, path);
        while (fgets(line, sizeof(line), file))
                if (strncmp(line, key, strlen(key)) == 0)
                        sum += strtoull(strchr(line, ':') + 1, NULL, 10);
        fclose(file);
        return sum;
}

/* Of the first @n of them. */
static uint64_t sum_of(const Processes *processes, unsigned n, const char *file, const char *key) {
        uint64_t sum = 0;

        for (unsigned i = 0; i < n; i++)
                sum += sum_lines(processes->pids[i], file, key);
        return sum;
}

static uint64_t memory_of(const Processes *processes, unsigned n) {
        return sum_of(processes, n, "smaps_rollup", "Private_");
}

static double wakeups_per_second(const Processes *processes) {
        static const char key[] = "voluntary_ctxt_switches:";
        uint64_t before = sum_of(processes, N_PROCESSES, "status", key);

        sleep(REST_SEC);
        return (double) (sum_of(processes, N_PROCESSES, "status", key) - before) / REST_SEC;
}

/* Of all our services and their helpers, so far. */
static uint64_t cpu_nsec(void) {
        FILE *file = popen("cat /sys/fs/cgroup/system.slice/albatross*.service/cgroup.procs | "
                           "sed 's,.*,/proc/&/schedstat,' | xargs cat | "
                           "awk '{ n += $1 } END { printf \"%.0f\", n }'",
                           "re");
        uint64_t nsec = 0;

        measure_check(file && fscanf(file, "%" SCNu64, &nsec) == 1 && nsec > 0 ? 0 : -EIO,
                      "schedstat");
        pclose(file);
        return nsec;
}

/* Both lists are of the same: as many scopes as unikernels. */
static void check_units(unsigned n) {
        char command[128];

        snprintf(command, sizeof(command),
                 "test $(systemctl list-units --plain --no-legend '%s' | wc -l) = %u", SCOPES, n);
        measure_check(system(command) == 0 ? 0 : -EIO, command);
}

static void measure_lists(sd_bus *bus) {
        static const char *const ours[] = {"/usr/bin/albatrossctl", "list", NULL};
        static const char *const theirs[] = {"/usr/bin/busctl", "list", NULL};
        static const char *const json[] = {"/usr/bin/albatrossctl", "list", "--json=short", NULL};
        static const char *const units[] = {"/usr/bin/systemctl", "list-units", SCOPES, NULL};

        for (unsigned i = 0; i < N_REPEATED; i++) {
                uint64_t start;

                series_add(&ctl_list, run_program(ours));
                series_add(&busctl_list, run_program(theirs));
                series_add(&json_list, run_program(json));
                series_add(&list_units, run_program(units));
                start = measure_now();
                measure_check(
                        sd_bus_call_method(bus, MANAGER, "ListUnikernels", NULL, NULL, "s", ""),
                        "ListUnikernels");
                series_add(&list_call, measure_now() - start);
        }
}

static void print_times(void) {
        Series *all[] = {&create_none, &create_all, &ctl_create,  &systemd_run, &ctl_list,
                         &list_call,   &json_list,  &busctl_list, &list_units};

        printf("%-44s %8s %8s %8s\n", "", "min", "median", "max");
        for (size_t i = 0; i < N_ELEMENTS(all); i++)
                series_print(all[i]);
        series_print_ratio(&create_all, &create_none, 1.3);
        series_print_ratio(&ctl_create, &systemd_run, 1.2);
        series_print_ratio(&ctl_list, &busctl_list, 3);
        series_print_ratio(&json_list, &list_units, 1.5);
}

int main(int argc, char *argv[]) {
        unsigned n = argc > 1 ? (unsigned) atoi(argv[1]) : 1000;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        uint64_t memory_none, memory_all, memory_others, rest_nsec;
        Processes processes;
        double wakeups;

        measure_check(n > 0 && n <= SERIES_MAX ? 0 : -ERANGE, "number of unikernels");
        measure_check(sd_bus_open_system(&bus), "system bus");
        processes = find_processes(bus);

        memory_none = memory_of(&processes, N_TARGET);
        memory_others = memory_of(&processes, N_PROCESSES) - memory_none;
        repeat_create(bus, &create_none);
        create_both(n);
        repeat_create(bus, &create_all);
        memory_all = memory_of(&processes, N_TARGET);
        check_units(n);
        measure_lists(bus);
        rest_nsec = cpu_nsec();
        wakeups = wakeups_per_second(&processes);
        rest_nsec = cpu_nsec() - rest_nsec;

        print_times();
        printf("daemon, launcher and writer, memory of their own: %" PRIu64
               " KiB with none (target: at most 3500), %.1f KiB more per unikernel (at most 8)\n",
               memory_none, ((double) memory_all - (double) memory_none) / n);
        printf("look-up and network service besides: %" PRIu64 " KiB with none, %" PRIu64
               " KiB with all\n",
               memory_others, memory_of(&processes, N_PROCESSES) - memory_all);
        printf("wake-ups per second of all of them, at rest with %u: %.1f (target: 0)\n", n,
               wakeups);
        printf("CPU time of all our services at rest: %.3f ms a second (target: 0)\n",
               (double) rest_nsec / 1e6 / REST_SEC);
        return 0;
}
