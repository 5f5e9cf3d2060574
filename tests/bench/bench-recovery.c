/* SPDX-License-Identifier: ISC */

/*
 * What is left of N unikernels (1000, or the first argument) when the daemon is restarted, when
 * both it and the launcher are upgraded, and when it is killed: which tenders run on, which ends it
 * knows, and how long it takes until it answers for all. Then the host starts: until all of them
 * run, next to N scopes with the bare tender, asked for at once, in the same slices.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "measure.h"

#define TENDER           ALBATROSS_LIBEXECDIR "/albatross-spt"
#define IMAGE            ALBATROSS_DATADIR "/hello.spt"
#define MANAGER          "org.albatross", "/org/albatross", "org.albatross.Manager"
#define SYSTEMD          "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER  SYSTEMD, "org.freedesktop.systemd1.Manager"
#define CALL_USEC        (UINT64_C(300) * 1000000U)
#define SCOPES_PER_SLICE 128U /* slices.c */
#define N_PENDING        100U /* dbus-daemon refuses a call when 128 wait for their answers */
#define N_ROUNDS         3U
#define N_DOOMED         50U
#define DOOMED_SEC       "3"

static Series restart_daemon = {"systemctl restart, to all adopted"};
static Series upgrade = {"launcher executed anew and that, the same"};
static Series kill_daemon = {"kill -9 (and 200 ms of RestartSec), the same"};
static Series boot_all = {"boot with all recorded, to all running"};
static Series bare_scopes = {"as many bare scopes of the tender, at once"};

static void run(const char *command) {
        int status = system(command);

        measure_check(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO, command);
}

static sd_bus *open_bus(void) {
        sd_bus *bus;

        measure_check(sd_bus_open_system(&bus), "system bus");
        measure_check(sd_bus_set_method_call_timeout(bus, CALL_USEC), "system bus");
        return bus;
}

/* --- what there is --- */

/* Creates and starts one. */
static void create(sd_bus *bus, const char *name, const char *first, const char *second) {
        _cleanup_(fd_closep) int fd = open(IMAGE, O_RDONLY | O_CLOEXEC);

        measure_check(fd < 0 ? -errno : 0, IMAGE);
        measure_check(sd_bus_call_method(bus, MANAGER, "CreateUnikernel", NULL, NULL, "sha{sv}",
                                         name, fd, 2, "Memory", "t", (uint64_t) 2 << 20,
                                         "Arguments", "as", 2, first, second),
                      name);
}

/* How many run; a negative errno when the daemon does not answer. */
static int count_running(sd_bus *bus) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        const char *state;
        int n = 0;
        int r;

        r = sd_bus_message_new_method_call(bus, &call, MANAGER, "ListUnikernels");
        if (r >= 0)
                r = sd_bus_message_set_auto_start(call, false);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", "");
        if (r >= 0)
                r = sd_bus_call(bus, call, 0, NULL, &reply);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(ssttauuso)");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "ssttauuso")) > 0) {
                r = sd_bus_message_read(reply, "ss", NULL, &state);
                if (r >= 0)
                        n += strcmp(state, "running") == 0;
                if (r >= 0)
                        r = sd_bus_message_skip(reply, "ttauuso");
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        return r < 0 ? r : n;
}

static void wait_until_running(sd_bus *bus, int n) {
        while (count_running(bus) != n)
                usleep(1000);
}

typedef struct Tenders {
        char *text; /* "PID START-TICKS\n" of each */
        unsigned n, n_paused;
} Tenders;

/* All processes that are called like one, with the time they were started at. */
static Tenders look_at_tenders(void) {
        FILE *file = popen("for f in /proc/[0-9]*/stat; do cat $f; done 2>/dev/null | "
                           "sed -n 's/^\\([0-9]*\\) (albatross-spt) \\(.\\)\\( [^ ]*\\)\\{18\\} "
                           "\\([0-9]*\\) .*/\\1 \\4 \\2/p' | sort",
                           "re");
        Tenders tenders = {};
        char line[128];
        size_t size = 0;

        measure_check(file ? 0 : -errno, "popen");
        while (fgets(line, sizeof(line), file)) {
                size_t length = strlen(line) - 2; /* without the state */

                tenders.n_paused += line[length] == 'T' || line[length] == 't';
                tenders.n++;
                tenders.text = realloc(tenders.text, size + length + 1);
                measure_check(tenders.text ? 0 : -ENOMEM, "tenders");
                memcpy(tenders.text + size, line, length);
                size += length;
                tenders.text[size] = '\0';
        }
        pclose(file);
        return tenders;
}

/* --- the daemon is restarted, and killed --- */

static void restart_with(const char *command, unsigned n, Series *series) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = open_bus();
        uint64_t start = measure_now();

        run(command);
        wait_until_running(bus, (int) n);
        series_add(series, measure_now() - start);
}

static void measure_restarts(unsigned n) {
        Tenders before = look_at_tenders(), after;

        for (unsigned i = 0; i < N_ROUNDS; i++) {
                restart_with("systemctl restart albatrossd.service", n, &restart_daemon);
                restart_with("systemctl reload albatross-launcher.service && "
                             "systemctl restart albatrossd.service",
                             n, &upgrade);
                restart_with("systemctl kill --kill-who=main -s KILL albatrossd.service && "
                             "sleep 0.02",
                             n, &kill_daemon);
        }
        after = look_at_tenders();
        printf("tenders before: %u, after %u restarts, upgrades and kills each: %u, %s; paused: %u "
               "(target: 0 ended, 0 paused)\n",
               before.n, N_ROUNDS, after.n,
               strcmp(before.text, after.text) == 0 ? "the same processes" : "OTHERS",
               after.n_paused);
        free(before.text);
        free(after.text);
}

/* Each ends with a status of its own while no daemon is there. */
static void measure_ends(void) {
        unsigned n_lost = 0;

        {
                _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = open_bus();

                for (unsigned i = 0; i < N_DOOMED; i++) {
                        char name[32], status[32];

                        snprintf(name, sizeof(name), "doomed-%u", i);
                        snprintf(status, sizeof(status), "--exit=%u", 100 + i);
                        create(bus, name, "--sleep=" DOOMED_SEC, status);
                }
        }
        run("systemctl stop albatrossd.socket albatrossd.service && sleep " DOOMED_SEC ".5 && "
            "systemctl start albatrossd.socket albatrossd.service");
        for (unsigned i = 0; i < N_DOOMED; i++) {
                char command[160];

                snprintf(command, sizeof(command),
                         "[ \"$(albatrossctl show doomed-%u -P ExitStatus)\" = %u ] && "
                         "albatrossctl -q destroy doomed-%u",
                         i, 100 + i, i);
                n_lost += system(command) != 0;
        }
        printf("exit statuses lost of %u that ended while no daemon was there: %u (target: 0)\n",
               N_DOOMED, n_lost);
}

/* --- the host starts --- */

/* What PID 1, and the bus that it is asked on, have worked so far. */
static Series boot_work = {"  of these, PID 1 and dbus-daemon at work"};
static Series bare_work = {"  of these, PID 1 and dbus-daemon at work"};

static uint64_t work_nsec(void) {
        FILE *file = popen("cat /proc/1/stat /proc/$(pgrep -o -x dbus-daemon)/stat | "
                           "sed 's/.*) //' | awk '{ n += $12 + $13 } END { print n }'",
                           "re");
        uint64_t ticks = 0;

        measure_check(file && fscanf(file, "%" SCNu64, &ticks) == 1 ? 0 : -EIO, "/proc/1/stat");
        pclose(file);
        return ticks * UINT64_C(1000000000) / (uint64_t) sysconf(_SC_CLK_TCK);
}

/* When it is executed, it closes what it has of the pipe that tells that. */
static pid_t fork_tender(const int gate[2]) {
        static const char *const argv[] = {TENDER, "--mem=2", "--", IMAGE, "--sleep=36000", NULL};
        pid_t pid = fork();
        char byte;
        int null;

        measure_check(pid < 0 ? -errno : 0, "fork");
        if (pid > 0)
                return pid;
        close(gate[1]);
        if (read(gate[0], &byte, 1) != 1)
                _exit(1);
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, STDOUT_FILENO);
        execv(argv[0], (char *const *) (uintptr_t) argv);
        _exit(127);
}

typedef struct BareScope {
        pid_t pid;
        int gate[2];
        char *job;
} BareScope;

static BareScope *scopes;
static unsigned n_scopes, n_asked, n_removed;

static int on_started(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        BareScope *scope = userdata;
        const char *job;

        measure_check(-sd_bus_message_get_errno(reply), "StartTransientUnit");
        measure_check(sd_bus_message_read(reply, "o", &job), "StartTransientUnit");
        scope->job = strdup(job);
        return 1;
}

/* Its gate is opened as soon as it is in its scope. */
static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *unit;
        unsigned i;

        measure_check(sd_bus_message_read(message, "uoss", NULL, NULL, &unit, NULL), "JobRemoved");
        if (sscanf(unit, "bare-%u.scope", &i) == 1 && i < n_scopes) {
                n_removed++;
                measure_check(write(scopes[i].gate[1], "", 1) == 1 ? 0 : -errno, "gate");
        }
        return 0;
}

static void begin_bare_scope(sd_bus *bus, unsigned i) {
        char unit[64], slice[64] = "albatross.slice";

        measure_check(pipe2(scopes[i].gate, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
        scopes[i].pid = fork_tender(scopes[i].gate);
        snprintf(unit, sizeof(unit), "bare-%u.scope", i);
        if (i >= SCOPES_PER_SLICE)
                snprintf(slice, sizeof(slice), "albatross-_%u.slice", i / SCOPES_PER_SLICE);
        measure_check(sd_bus_call_method_async(bus, NULL, SYSTEMD_MANAGER, "StartTransientUnit",
                                               on_started, &scopes[i], "ssa(sv)a(sa(sv))", unit,
                                               "fail", 2, "PIDs", "au", 1, (uint32_t) scopes[i].pid,
                                               "Slice", "s", slice, 0),
                      "StartTransientUnit");
}

static void end_bare_scopes(void) {
        for (unsigned i = 0; i < n_scopes; i++)
                kill(scopes[i].pid, SIGKILL);
        while (wait(NULL) > 0)
                continue;
        for (unsigned i = 0; i < n_scopes; i++) {
                close(scopes[i].gate[0]);
                close(scopes[i].gate[1]);
                free(scopes[i].job);
        }
        free(scopes);
        run("while systemctl list-units --all --plain --no-legend 'bare-*.scope' | grep -q .; do "
            "sleep 0.1; done");
}

static void measure_bare_scopes(unsigned n) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = open_bus();
        int executed[2];
        uint64_t start, worked;
        char byte;

        scopes = calloc(n, sizeof(*scopes));
        measure_check(scopes ? 0 : -ENOMEM, "scopes");
        n_scopes = n;
        n_asked = n_removed = 0;
        measure_check(
                sd_bus_match_signal(bus, NULL, SYSTEMD_MANAGER, "JobRemoved", on_job_removed, NULL),
                "JobRemoved");
        measure_check(pipe2(executed, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
        worked = work_nsec();
        start = measure_now();
        while (n_removed < n) {
                int r;

                while (n_asked < n && n_asked < n_removed + N_PENDING)
                        begin_bare_scope(bus, n_asked++);
                if (n_asked == n)
                        executed[1] = fd_close(executed[1]);
                r = sd_bus_process(bus, NULL);
                measure_check(r, "bus");
                if (r == 0)
                        measure_check(sd_bus_wait(bus, UINT64_MAX), "bus");
        }
        measure_check(read(executed[0], &byte, 1) == 0 ? 0 : -EIO, "all executed");
        series_add(&bare_scopes, measure_now() - start);
        series_add(&bare_work, work_nsec() - worked);
        close(executed[0]);
        end_bare_scopes();
}

/* As the host leaves it: its disk, and nothing of /run. */
static void shut_down(void) {
        run("systemctl stop albatrossd.socket albatrossd.service albatross-launcher.socket "
            "albatross-launcher.service 'albatross-*.scope' && rm -rf /run/albatross/runs && "
            "while systemctl list-units --all --plain --no-legend 'albatross-*.scope' | grep -q .; "
            "do sleep 0.1; done; systemctl reset-failed");
}

/* Each look at all takes a while, in which the machine could start some: there are few of them, and
 * more only where the end is expected. */
static void wait_seldom(sd_bus *bus, unsigned n, uint64_t start_nsec) {
        int running;

        while ((running = count_running(bus)) != (int) n) {
                uint64_t gone_usec = (measure_now() - start_nsec) / 1000U, sleep_usec = 100000;

                if (running > 0)
                        sleep_usec = gone_usec * (n - (unsigned) running) / (unsigned) running / 2;
                sleep_usec = sleep_usec < 5000 ? 5000 : sleep_usec;
                usleep((useconds_t) (sleep_usec > 100000 ? 100000 : sleep_usec));
        }
}

static void measure_boot(unsigned n) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = open_bus();
        uint64_t worked = work_nsec(), start = measure_now();

        run("systemctl start albatross-launcher.socket albatrossd.socket albatrossd.service");
        wait_seldom(bus, n, start);
        series_add(&boot_all, measure_now() - start);
        series_add(&boot_work, work_nsec() - worked);
}

static void create_all(unsigned n) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = open_bus();

        for (unsigned i = 0; i < n; i++) {
                char name[32];

                snprintf(name, sizeof(name), "many-%u", i);
                create(bus, name, "--sleep=36000", "");
        }
}

static void print_times(unsigned n) {
        Series *all[] = {&restart_daemon, &upgrade,     &kill_daemon, &boot_all,
                         &boot_work,      &bare_scopes, &bare_work};

        printf("with %u unikernels%28s %8s %8s %8s\n", n, "", "min", "median", "max");
        for (size_t i = 0; i < N_ELEMENTS(all); i++)
                series_print(all[i]);
        printf("restart: target at most 500 ms, %s\n",
               series_median(&restart_daemon) <= UINT64_C(500000000) ? "met" : "missed");
        series_print_ratio(&boot_all, &bare_scopes, 1.5);
}

int main(int argc, char *argv[]) {
        unsigned n = argc > 1 ? (unsigned) atoi(argv[1]) : 1000;
        const struct rlimit files = {16384, 16384};

        measure_check(n > 0 && n <= SERIES_MAX ? 0 : -ERANGE, "number of unikernels");
        measure_check(setrlimit(RLIMIT_NOFILE, &files) < 0 ? -errno : 0, "descriptors");
        setvbuf(stdout, NULL, _IOLBF, 0);

        create_all(n);
        measure_restarts(n);
        measure_ends();
        for (unsigned i = 0; i < N_ROUNDS; i++) {
                shut_down();
                measure_bare_scopes(n);
                measure_boot(n);
        }
        print_times(n);
        return 0;
}
