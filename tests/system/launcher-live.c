/* SPDX-License-Identifier: ISC */

/*
 * Drives the installed launcher under a real systemd, as root. The program that plays the tender is
 * the shell, which can tell about itself.
 */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/packet.h"
#include "launcher-client.h"

#define UID        61184U
#define UID_LAST   65519U
#define LOCKS      "/run/systemd/dynamic-uid"
#define OUTPUT_MAX 65536

static int setup(void **state) {
        *state = client_connect();
        return 0;
}

/* Ends and forgets whatever the test has left. */
static int teardown(void **state) {
        static LauncherReply entries[CLIENT_EXITS_MAX];
        Client *client = *state;
        LauncherReply answer = client_list(client, entries, CLIENT_EXITS_MAX);

        for (unsigned i = 0; i < answer.count; i++)
                if (entries[i].state != LAUNCHER_ENDED) {
                        (void) client_signal(client, entries[i].child, SIGKILL);
                        (void) client_wait_exit(client, entries[i].child);
                }
        for (unsigned i = 0; i < answer.count; i++)
                assert_int_equal(client_forget(client, entries[i].child).error, 0);
        client_close(client);
        return 0;
}

/* Output of a shell command of the test itself. */
static char *run(const char *command) {
        static char output[OUTPUT_MAX];
        FILE *pipe = popen(command, "r");
        size_t size;

        assert_non_null(pipe);
        size = fread(output, 1, sizeof(output) - 1, pipe);
        output[size] = '\0';
        assert_int_equal(pclose(pipe), 0);
        return output;
}

/* Runs @script as a tender of @uid, to its end; what it wrote to descriptor 3 is in @output. */
static LauncherReply run_tender(Client *client, const char *script, char **output) {
        LauncherReply spawned, ended;
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        spawned = client_spawn(client, UID, "test");
        assert_int_equal(spawned.error, 0);
        assert_int_equal(client_open(client, spawned.child, script, ends[1]).error, 0);
        close(ends[1]);
        assert_int_equal(file_read_fd(ends[0], OUTPUT_MAX, output, NULL), 0);
        close(ends[0]);
        ended = client_wait_exit(client, spawned.child);
        assert_int_equal(client_forget(client, spawned.child).error, 0);
        return ended;
}

static LauncherReply run_probe(Client *client, const char *script, char **output) {
        uint64_t serial;
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        serial = client_send_probe(client, UID, script, ends[1]);
        close(ends[1]);
        assert_int_equal(file_read_fd(ends[0], OUTPUT_MAX, output, NULL), 0);
        close(ends[0]);
        return client_wait_answer(client, serial);
}

#define assert_contains(text, part)                                                                \
        do {                                                                                       \
                if (!strstr(text, part))                                                           \
                        fail_msg("no \"%s\" in: %s", part, text);                                  \
        } while (0)

static bool process_exists(uint32_t pid) {
        return kill((pid_t) pid, 0) == 0;
}

/* Whether the process has gone within two seconds. */
static bool process_goes(uint32_t pid) {
        for (int i = 0; i < 200; i++) {
                if (!process_exists(pid))
                        return true;
                usleep(10000);
        }
        return false;
}

static void runs_a_tender_from_gate_to_end(void **state) {
        Client *client = *state;
        LauncherReply spawned, opened, ended, entry;

        spawned = client_spawn(client, UID, "alice:web");
        assert_int_equal(spawned.error, 0);
        assert_int_equal(spawned.state, LAUNCHER_AT_GATE);
        assert_int_equal(spawned.uid, UID);
        assert_true(spawned.start_ticks > 0);
        assert_true(process_exists(spawned.pid));
        assert_int_equal(client_list(client, &entry, 1).count, 1);
        assert_int_equal(entry.state, LAUNCHER_AT_GATE);
        assert_string_equal(entry.name, "alice:web");
        assert_string_equal(entry.scope, "albatross-alice:web.scope");
        assert_int_equal(client_forget(client, spawned.child).error, -EBUSY);

        opened = client_open(client, spawned.child, "sleep 0.1; exit 42", -1);
        assert_int_equal(opened.error, 0);
        assert_int_equal(opened.journal_error, 0);
        assert_int_equal(opened.step, LAUNCHER_STEP_NONE);
        assert_int_equal(opened.state, LAUNCHER_RUNNING);
        assert_int_equal(client_open(client, spawned.child, ":", -1).error, -EALREADY);
        assert_int_equal(client_forget(client, spawned.child).error, -EBUSY);

        ended = client_wait_exit(client, spawned.child);
        assert_true(WIFEXITED(ended.wait_status));
        assert_int_equal(WEXITSTATUS(ended.wait_status), 42);
        assert_int_equal(ended.pid, spawned.pid);
        assert_int_equal(ended.start_ticks, spawned.start_ticks);
        assert_true(ended.usage.ru_maxrss > 0);
        assert_string_equal(ended.name, "alice:web");

        assert_int_equal(client_list(client, &entry, 1).count, 1);
        assert_int_equal(entry.state, LAUNCHER_ENDED);
        assert_int_equal(WEXITSTATUS(entry.wait_status), 42);
        assert_int_equal(client_open(client, spawned.child, ":", -1).error, -ESRCH);
        assert_int_equal(client_signal(client, spawned.child, SIGTERM).error, -ESRCH);
        assert_int_equal(client_forget(client, spawned.child).error, 0);
        assert_int_equal(client_forget(client, spawned.child).error, -ENOENT);
        assert_int_equal(client_list(client, &entry, 1).count, 0);
}

static void takes_everything_from_a_tender(void **state) {
        _cleanup_(freep) char *status = NULL, *limits = NULL, *rest = NULL;
        char want[64];

        (void) run_tender(*state, "cat /proc/self/status >&3", &status);
        (void) snprintf(want, sizeof(want), "Uid:\t%u\t%u\t%u\t%u\n", UID, UID, UID, UID);
        assert_contains(status, want);
        (void) snprintf(want, sizeof(want), "Gid:\t%u\t%u\t%u\t%u\n", UID, UID, UID, UID);
        assert_contains(status, want);
        assert_contains(status, "Groups:\t \n");
        assert_contains(status, "CapInh:\t0000000000000000\n");
        assert_contains(status, "CapPrm:\t0000000000000000\n");
        assert_contains(status, "CapEff:\t0000000000000000\n");
        assert_contains(status, "CapAmb:\t0000000000000000\n");
        assert_contains(status, "NoNewPrivs:\t1\n");
        assert_contains(status, "SigBlk:\t0000000000000000\n");
        assert_contains(status, "SigIgn:\t0000000000001000\n"); /* SIGPIPE */

        (void) run_tender(*state, "tr -s ' ' </proc/self/limits >&3", &limits);
        assert_contains(limits, "Max core file size 0 0 ");
        assert_contains(limits, "Max open files 256 256 ");
        assert_contains(limits, "Max processes 8 8 ");

        /* The shell makes PWD and env makes _ itself. */
        (void) run_tender(*state,
                          "exec >&3; echo $(env) $(pwd) $(umask) $(cat /proc/self/oom_score_adj)",
                          &rest);
        assert_string_equal(rest, "PWD=/ / 0077 100\n");
}

/* Descriptors 0 to 3, and the one that ls opens. */
static void gives_a_tender_only_its_descriptors(void **state) {
        _cleanup_(freep) char *output = NULL;

        (void) run_tender(*state, "exec ls -l /proc/self/fd >&3", &output);
        assert_contains(output, " 0 -> /dev/null\n");
        assert_contains(output, " 1 -> pipe:");
        assert_contains(output, " 2 -> socket:");
        assert_contains(output, " 3 -> pipe:");
        assert_contains(output, " 4 -> /proc/");
        assert_null(strstr(output, " 5 -> "));
        assert_null(strstr(output, " 64 -> "));
}

static void puts_a_tender_into_its_own_session_and_on_its_cpus(void **state) {
        LauncherRequest request = {.verb = LAUNCHER_OPEN, .cpus = {1}};
        Client *client = *state;
        _cleanup_(fd_closep) int program_fd = client_shell();
        _cleanup_(fd_closep) int argv_fd = -1;
        char output[4096] = "";
        LauncherReply spawned;
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        spawned = client_spawn(client, UID, "test");
        request.child = spawned.child;
        argv_fd = client_argv_script("grep Cpus_allowed_list /proc/self/status >&3; sleep 9");
        assert_int_equal(
                client_call(client, request, (int[]){program_fd, argv_fd, ends[1]}, 3).error, 0);
        assert_int_equal(getsid((pid_t) spawned.pid), spawned.pid);
        assert_true(read(ends[0], output, sizeof(output) - 1) > 0);
        assert_string_equal(output, "Cpus_allowed_list:\t0\n");
        close(ends[0]);
        close(ends[1]);
}

static void says_at_which_step_a_start_failed(void **state) {
        LauncherRequest request = {.verb = LAUNCHER_OPEN};
        Client *client = *state;
        _cleanup_(fd_closep) int shell = client_shell(), argv_fd = client_argv_script(":");
        _cleanup_(fd_closep) int unsealed = memfd_create("argv", MFD_CLOEXEC);
        _cleanup_(fd_closep) int open_argv = client_argv_raw("sh", 2);
        _cleanup_(fd_closep) int text = -1;
        LauncherReply r;

        assert_int_equal(system("cp /etc/passwd /tmp/text; chmod 755 /tmp/text"), 0);
        text = open("/tmp/text", O_RDONLY | O_CLOEXEC);
        assert_int_equal(write(unsealed, "sh", 3), 3);
        const struct {
                int fds[3], error;
                LauncherStep step;
                uint64_t cpus;
                uint32_t gid;
        } cases[] = {
                {{shell, unsealed}, -EINVAL, LAUNCHER_STEP_DESCRIPTORS, 0, 0},
                {{shell, shell}, -EINVAL, LAUNCHER_STEP_DESCRIPTORS, 0, 0},
                {{shell, open_argv}, -EINVAL, LAUNCHER_STEP_DESCRIPTORS, 0, 0},
                {{shell, argv_fd}, -EINVAL, LAUNCHER_STEP_CPUS, UINT64_C(1) << 63, 0},
                {{shell, argv_fd}, -EPERM, LAUNCHER_STEP_IDENTITY, 0, 42},
                {{text, argv_fd}, -ENOEXEC, LAUNCHER_STEP_EXECUTE, 0, 0},
        };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                request.child = client_spawn(client, UID, "test").child;
                request.cpus[0] = cases[i].cpus;
                request.gid = cases[i].gid;
                r = client_call(client, request, cases[i].fds, 2);
                assert_int_equal(r.error, cases[i].error);
                assert_int_equal(r.step, cases[i].step);
                r = client_wait_exit(client, request.child);
                assert_int_equal(r.error, cases[i].error);
                assert_int_equal(client_forget(client, request.child).error, 0);
        }
}

static void refuses_programs_that_others_can_write_to(void **state) {
        static const char *const commands[] = {
                "cp /bin/true /tmp/p; chmod 757 /tmp/p",
                "cp /bin/true /tmp/p; chmod 775 /tmp/p",
                "cp /bin/true /tmp/p; chmod 700 /tmp/p",
                "cp /bin/true /tmp/p; chown 61184 /tmp/p",
                "rm -f /tmp/p; mkdir -p /tmp/p; chmod 755 /tmp/p",
        };
        LauncherRequest request = {.verb = LAUNCHER_OPEN};
        Client *client = *state;
        _cleanup_(fd_closep) int argv_fd = client_argv_script(":");

        for (size_t i = 0; i < N_ELEMENTS(commands); i++) {
                _cleanup_(fd_closep) int fd = -1;
                LauncherReply r;

                assert_int_equal(system("rm -rf /tmp/p"), 0);
                assert_int_equal(system(commands[i]), 0);
                fd = open("/tmp/p", O_PATH | O_CLOEXEC);
                request.child = client_spawn(client, UID, "test").child;
                r = client_call(client, request, (int[]){fd, argv_fd}, 2);
                assert_int_equal(r.error, -EPERM);
                assert_int_equal(r.step, LAUNCHER_STEP_DESCRIPTORS);
                (void) client_wait_exit(client, request.child);
                assert_int_equal(client_forget(client, request.child).error, 0);
        }
}

static void gives_the_group_of_kvm_and_no_other(void **state) {
        LauncherRequest request = {.verb = LAUNCHER_OPEN, .gid = 106};
        Client *client = *state;
        _cleanup_(fd_closep) int program_fd = client_shell();
        _cleanup_(fd_closep) int argv_fd = -1;
        _cleanup_(freep) char *output = NULL;
        int ends[2];

        if (access("/dev/kvm", F_OK) < 0)
                skip();
        assert_int_equal(system("chgrp 106 /dev/kvm; chmod 660 /dev/kvm"), 0);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        request.child = client_spawn(client, UID, "test").child;
        argv_fd = client_argv_script("exec >&3; id -G; exec 4<>/dev/kvm && echo kvm; ls /dev;"
                                     "exec 5<>/dev/net/tun && echo tun");
        assert_int_equal(
                client_call(client, request, (int[]){program_fd, argv_fd, ends[1]}, 3).error, 0);
        close(ends[1]);
        assert_int_equal(file_read_fd(ends[0], OUTPUT_MAX, &output, NULL), 0);
        close(ends[0]);
        assert_contains(output, "61184 106\nkvm\n");
        assert_contains(output, "tun\n");
        assert_null(strstr(output, "sda"));
}

/* What the unit's sandbox leaves a tender to write to. */
static void finds_no_place_to_leave_anything(void **state) {
        _cleanup_(freep) char *output = NULL;

        (void) run_tender(
                *state,
                "exec >&3; for d in /tmp /var/tmp /dev/shm /dev/mqueue /run/lock /var/lock / /dev;"
                " do (: >$d/x) 2>/dev/null && echo WROTE $d; done;"
                "ls /home /root /proc | grep -c '^1$'; echo done",
                &output);
        assert_string_equal(output, "0\ndone\n");
}

static void refuses_uids_that_are_not_its_own(void **state) {
        static const uint32_t uids[] = {0, 1, 1000, UID - 1, UID_LAST + 1, 65534, UINT32_MAX};
        Client *client = *state;

        for (size_t i = 0; i < N_ELEMENTS(uids); i++) {
                uint64_t serial;

                assert_int_equal(client_spawn(client, uids[i], "test").error, -EPERM);
                serial = client_send_probe(client, uids[i], ":", -1);
                assert_int_equal(client_wait_answer(client, serial).error, -EPERM);
        }
        assert_int_equal(client_spawn(client, UID_LAST, "test").error, 0);
}

static int lock_uid(const char *path) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
                return fd;
        close(fd);
        return -1;
}

static void holds_the_lock_of_a_uid_until_its_tender_is_forgotten(void **state) {
        static const char path[] = LOCKS "/61184";
        Client *client = *state;
        LauncherReply spawned;
        int lock;

        spawned = client_spawn(client, UID, "test");
        assert_int_equal(spawned.error, 0);
        assert_int_equal(lock_uid(path), -1);
        assert_int_equal(client_spawn(client, UID, "other").error, -EBUSY);
        assert_int_equal(client_open(client, spawned.child, "exit 0", -1).error, 0);
        (void) client_wait_exit(client, spawned.child);
        assert_int_equal(lock_uid(path), -1);
        assert_int_equal(client_spawn(client, UID, "other").error, -EBUSY);
        assert_int_equal(client_forget(client, spawned.child).error, 0);
        assert_int_equal(access(path, F_OK), -1);

        lock = lock_uid(path);
        assert_true(lock >= 0);
        assert_int_equal(client_spawn(client, UID, "other").error, -EBUSY);
        assert_int_equal(client_wait_answer(client, client_send_probe(client, UID, ":", -1)).error,
                         -EBUSY);
        close(lock);
        assert_int_equal(client_spawn(client, UID, "other").error, 0);
}

static void keeps_probes_and_a_running_tender_of_one_uid_apart(void **state) {
        Client *client = *state;
        LauncherReply spawned;
        uint64_t first, second;

        first = client_send_probe(client, UID, "exec sleep 0.5", -1);
        spawned = client_spawn(client, UID, "test");
        assert_int_equal(spawned.error, 0);
        assert_int_equal(client_open(client, spawned.child, ":", -1).error, -EBUSY);
        assert_int_equal(client_wait_answer(client, first).error, 0);
        assert_int_equal(client_open(client, spawned.child, "exec sleep 9", -1).error, 0);
        second = client_send_probe(client, UID, ":", -1);
        assert_int_equal(client_wait_answer(client, second).error, -EBUSY);
}

static void signals_reach_tenders_and_end_those_at_their_gates(void **state) {
        Client *client = *state;
        LauncherReply spawned = client_spawn(client, UID, "test"), ended;

        assert_int_equal(client_signal(client, spawned.child, 0).error, -EINVAL);
        assert_int_equal(client_signal(client, spawned.child, 65).error, -EINVAL);
        assert_int_equal(client_signal(client, spawned.child + 1, SIGTERM).error, -ENOENT);
        assert_int_equal(client_signal(client, spawned.child, SIGWINCH).error, 0);
        ended = client_wait_exit(client, spawned.child);
        assert_true(WIFSIGNALED(ended.wait_status));
        assert_int_equal(client_forget(client, spawned.child).error, 0);

        spawned = client_spawn(client, UID, "test");
        assert_int_equal(client_open(client, spawned.child, "exec sleep 9", -1).error, 0);
        assert_int_equal(client_signal(client, spawned.child, SIGUSR1).error, 0);
        ended = client_wait_exit(client, spawned.child);
        assert_true(WIFSIGNALED(ended.wait_status));
        assert_int_equal(WTERMSIG(ended.wait_status), SIGUSR1);
}

static void runs_probes_and_reports_their_ends(void **state) {
        _cleanup_(freep) char *output = NULL, *forked = NULL;
        Client *client = *state;
        LauncherReply answer;

        answer = run_probe(client,
                           "while read -r l; do echo $l; done </proc/self/limits;"
                           "while read -r l; do echo $l; done </proc/self/status; exit 7",
                           &output);
        assert_int_equal(answer.error, 0);
        assert_int_equal(WEXITSTATUS(answer.wait_status), 7);
        assert_contains(output, "Uid: 61184 61184 61184 61184\n");
        assert_contains(output, "CapEff: 0000000000000000\n");
        assert_contains(output, "NoNewPrivs: 1\n");
        assert_contains(output, "SigIgn: 0000000000000000\n");
        assert_contains(output, "Max open files 16 16 ");
        assert_contains(output, "Max processes 1 1 ");
        assert_contains(output, "Max data size 268435456 268435456 ");

        answer = run_probe(client, "sleep 1 & echo forked", &forked);
        assert_int_equal(answer.error, 0);
        assert_null(strstr(forked, "forked\n"));
}

static void tells_why_a_probe_did_not_run(void **state) {
        const LauncherRequest request = {
                .verb = LAUNCHER_PROBE,
                .uid = UID,
                .deadline_usec = 1000000,
        };
        Client *client = *state;
        _cleanup_(fd_closep) int argv_fd = client_argv_script(":"), text = -1;
        LauncherReply answer;

        assert_int_equal(system("cp /etc/passwd /tmp/text; chmod 755 /tmp/text"), 0);
        text = open("/tmp/text", O_RDONLY | O_CLOEXEC);
        answer = client_call(client, request, (int[]){text, argv_fd}, 2);
        assert_int_equal(answer.error, -ENOEXEC);
        assert_int_equal(answer.step, LAUNCHER_STEP_EXECUTE);
}

static void kills_probes_at_their_deadlines(void **state) {
        LauncherRequest request = {.verb = LAUNCHER_PROBE, .uid = UID, .deadline_usec = 50000};
        Client *client = *state;
        _cleanup_(fd_closep) int program_fd = client_shell();
        _cleanup_(fd_closep) int argv_fd = client_argv_script("while :; do :; done");
        LauncherReply answer;

        answer = client_call(client, request, (int[]){program_fd, argv_fd}, 2);
        assert_int_equal(answer.error, -ETIMEDOUT);
        assert_true(WIFSIGNALED(answer.wait_status));
        assert_int_equal(WTERMSIG(answer.wait_status), SIGKILL);
        assert_true(answer.usage.ru_utime.tv_usec > 0);

        request.deadline_usec = 0;
        answer = client_call(client, request, (int[]){program_fd, argv_fd}, 2);
        assert_int_equal(answer.error, -EINVAL);
        request.deadline_usec = LAUNCHER_DEADLINE_MAX_USEC + 1;
        answer = client_call(client, request, (int[]){program_fd, argv_fd}, 2);
        assert_int_equal(answer.error, -EINVAL);
}

static void bounds_how_many_probes_run(void **state) {
        Client *client = *state;
        uint64_t serials[257];

        for (uint32_t i = 0; i < 257; i++)
                serials[i] = client_send_probe(client, UID + i, "exec sleep 0.5", -1);
        assert_int_equal(client_wait_answer(client, serials[256]).error, -EAGAIN);
        for (int i = 0; i < 256; i++) {
                LauncherReply reply;

                assert_int_equal(recv(client->fd, &reply, sizeof(reply), 0), sizeof(reply));
                assert_int_equal(reply.error, 0);
                assert_int_equal(reply.wait_status, 0);
        }
}

static void ends_probes_whose_connection_vanishes_and_keeps_tenders(void **state) {
        Client *other = client_connect(), *client = *state;
        LauncherReply spawned, entry;
        uint32_t pid = 0;
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        spawned = client_spawn(other, UID, "test");
        assert_int_equal(client_open(other, spawned.child, "exec sleep 9", -1).error, 0);
        (void) client_send_probe(other, UID + 1, "echo $$; exec sleep 100", ends[1]);
        close(ends[1]);
        {
                char text[16] = "";

                assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
                pid = (uint32_t) atoi(text);
        }
        assert_true(process_exists(pid));
        client_close(other);
        assert_true(process_goes(pid));
        close(ends[0]);
        assert_int_equal(client_list(client, &entry, 1).count, 1);
        assert_int_equal(entry.state, LAUNCHER_RUNNING);
}

static void answers_malformed_messages_with_an_error(void **state) {
        Client *client = *state;
        LauncherRequest request = {.version = LAUNCHER_WIRE_VERSION, .serial = 5};
        static char large[8192];
        LauncherReply reply;
        const struct {
                size_t size;
                uint32_t version, verb, reserved;
                int error;
        } cases[] = {
                {sizeof(request) - 1, LAUNCHER_WIRE_VERSION, LAUNCHER_LIST, 0, -EPROTO},
                {1, LAUNCHER_WIRE_VERSION, LAUNCHER_LIST, 0, -EPROTO},
                {sizeof(large), LAUNCHER_WIRE_VERSION, LAUNCHER_LIST, 0, -EPROTO},
                {sizeof(request), 0, LAUNCHER_LIST, 0, -EPROTO},
                {sizeof(request), LAUNCHER_WIRE_VERSION + 1, LAUNCHER_LIST, 0, -EPROTO},
                {sizeof(request), LAUNCHER_WIRE_VERSION, 0, 0, -EPROTO},
                {sizeof(request), LAUNCHER_WIRE_VERSION, 7, 0, -EPROTO},
                {sizeof(request), LAUNCHER_WIRE_VERSION, UINT32_MAX, 0, -EPROTO},
                {sizeof(request), LAUNCHER_WIRE_VERSION, LAUNCHER_LIST, 1, -EINVAL},
                {sizeof(request), LAUNCHER_WIRE_VERSION, LAUNCHER_SPAWN, 0, -EINVAL},
                {sizeof(request), LAUNCHER_WIRE_VERSION, LAUNCHER_OPEN, 0, -EINVAL},
                {sizeof(request), LAUNCHER_WIRE_VERSION, LAUNCHER_PROBE, 0, -EINVAL},
        };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                request.version = cases[i].version;
                request.verb = cases[i].verb;
                request.reserved = cases[i].reserved;
                memcpy(large, &request, sizeof(request));
                assert_int_equal(packet_send(client->fd, large, cases[i].size, NULL, 0), 0);
                assert_int_equal(recv(client->fd, &reply, sizeof(reply), 0), sizeof(reply));
                assert_int_equal(reply.error, cases[i].error);
        }
        assert_int_equal(client_list(client, NULL, 0).error, 0);
}

/* More descriptors than a message can carry here, and descriptors where none belong. */
static void keeps_none_of_the_descriptors_it_is_sent(void **state) {
        const LauncherRequest list = {.verb = LAUNCHER_LIST};
        Client *client = *state;
        char *before, *after;
        int fds[PACKET_FDS_MAX], ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        before = strdup(run("ls /proc/$(systemctl show -P MainPID albatross-launcher)/fd | wc -l"));
        for (size_t i = 0; i < N_ELEMENTS(fds); i++)
                fds[i] = ends[1];
        for (int i = 0; i < 100; i++)
                assert_int_equal(client_call(client, list, fds, PACKET_FDS_MAX).error, -EINVAL);
        after = run("ls /proc/$(systemctl show -P MainPID albatross-launcher)/fd | wc -l");
        assert_string_equal(before, after);
        free(before);
        close(ends[1]);
        close(ends[0]);
}

static void starts_two_hundred_at_once(void **state) {
        static LauncherReply spawned[200];
        _cleanup_(fd_closep) int shell = client_shell(), argv_fd = client_argv_script("exit 3");
        Client *client = *state;

        for (uint32_t i = 0; i < 200; i++)
                spawned[i] = client_spawn(client, UID + i, "test");
        for (uint32_t i = 0; i < 200; i++) {
                const LauncherRequest request = {.verb = LAUNCHER_OPEN, .child = spawned[i].child};

                assert_int_equal(spawned[i].error, 0);
                assert_int_equal(client_call(client, request, (int[]){shell, argv_fd}, 2).error, 0);
        }
        for (uint32_t i = 0; i < 200; i++) {
                LauncherReply ended = client_wait_exit(client, spawned[i].child);

                assert_int_equal(ended.wait_status, 3 << 8);
        }
        assert_int_equal(client_list(client, NULL, 0).count, 200);
        assert_int_equal(client->n_exits, 200);
}

static void lists_more_than_a_socket_holds(void **state) {
        Client *client = *state;

        for (uint32_t i = 0; i < 1000; i++)
                assert_int_equal(client_spawn(client, UID + i, "test").error, 0);
        assert_int_equal(client_list(client, NULL, 0).count, 1000);
        assert_int_equal(client_list(client, NULL, 0).count, 1000);
}

static void drops_who_does_not_read_and_serves_the_others(void **state) {
        const LauncherRequest request = {.version = LAUNCHER_WIRE_VERSION, .verb = LAUNCHER_LIST};
        Client *client = *state;
        int deaf = client_socket();

        assert_int_equal(fcntl(deaf, F_SETFL, O_NONBLOCK), 0);
        for (int i = 0; i < 100; i++)
                assert_int_equal(client_spawn(client, UID + (uint32_t) i, "test").error, 0);
        for (int i = 0; i < 10000; i++)
                (void) packet_send(deaf, &request, sizeof(request), NULL, 0);
        assert_int_equal(client_list(client, NULL, 0).count, 100);
        close(deaf);
}

static void bounds_its_connections(void **state) {
        int fds[16];
        Client *client = *state;
        char byte;

        for (size_t i = 0; i < N_ELEMENTS(fds); i++)
                fds[i] = client_socket();
        assert_int_equal(recv(fds[15], &byte, 1, 0), 0);
        assert_int_equal(client_list(client, NULL, 0).error, 0);
        for (size_t i = 0; i < N_ELEMENTS(fds); i++)
                close(fds[i]);
}

/* Into a scope of its own, as the daemon does before it opens the gate. */
static void start_scope(uint32_t pid, const char *scope) {
        char command[512];

        (void) snprintf(command, sizeof(command),
                        "busctl -q call org.freedesktop.systemd1 /org/freedesktop/systemd1"
                        " org.freedesktop.systemd1.Manager StartTransientUnit 'ssa(sv)a(sa(sv))'"
                        " %s fail 1 PIDs au 1 %u 0 &&"
                        " while ! grep -q %s /proc/%u/cgroup; do sleep 0.01; done",
                        scope, pid, scope, pid);
        assert_int_equal(system(command), 0);
}

static void lines_are_in_the_journal_under_their_scope(void **state) {
        Client *client = *state;
        LauncherReply spawned = client_spawn(client, UID, "lines");
        char *output;

        start_scope(spawned.pid, "albatross-lines.scope");
        assert_int_equal(client_open(client, spawned.child,
                                     "echo first; echo '<0>second' >&2; echo -n last", -1)
                                 .error,
                         0);
        (void) client_wait_exit(client, spawned.child);
        assert_int_equal(system("journalctl --sync"), 0);
        output = run("journalctl -q -o json --output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_UID"
                     " _SYSTEMD_UNIT=albatross-lines.scope");
        assert_contains(output, "\"MESSAGE\":\"first\"");
        assert_contains(output, "\"MESSAGE\":\"<0>second\"");
        assert_contains(output, "\"MESSAGE\":\"last\"");
        assert_contains(output, "\"SYSLOG_IDENTIFIER\":\"lines\"");
        assert_contains(output, "\"PRIORITY\":\"6\"");
        assert_null(strstr(output, "\"PRIORITY\":\"0\""));
}

static void runs_without_a_journal_and_says_so(void **state) {
        Client *client = *state;
        LauncherReply spawned = client_spawn(client, UID, "test"), opened;

        assert_int_equal(rename("/run/systemd/journal/stdout", "/run/systemd/journal/x"), 0);
        opened = client_open(client, spawned.child, "echo unheard && exit 5", -1);
        assert_int_equal(rename("/run/systemd/journal/x", "/run/systemd/journal/stdout"), 0);
        assert_int_equal(opened.error, 0);
        assert_int_equal(opened.journal_error, -ENOENT);
        assert_int_equal(client_wait_exit(client, spawned.child).wait_status, 5 << 8);
}

static void keeps_its_children_when_it_is_reloaded(void **state) {
        LauncherReply gate, running, ended, entries[3], reply;
        Client *client = *state, *later;
        uint32_t probe_pid;
        char pid_before[32], text[16] = "";
        int ends[2];

        (void) snprintf(pid_before, sizeof(pid_before), "%s",
                        run("systemctl show -P MainPID albatross-launcher"));
        gate = client_spawn(client, UID, "gate");
        running = client_spawn(client, UID + 1, "running");
        assert_int_equal(client_open(client, running.child, "sleep 0.5; exit 9", -1).error, 0);
        ended = client_spawn(client, UID + 2, "ended");
        assert_int_equal(client_open(client, ended.child, "exit 8", -1).error, 0);
        (void) client_wait_exit(client, ended.child);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        (void) client_send_probe(client, UID + 3, "echo $$; exec sleep 100", ends[1]);
        assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
        probe_pid = (uint32_t) atoi(text);

        assert_int_equal(system("systemctl reload albatross-launcher"), 0);
        assert_int_equal(recv(client->fd, &reply, sizeof(reply), 0), 0);
        later = client_connect();
        assert_int_equal(client_list(later, entries, 3).count, 3);
        assert_string_equal(run("systemctl show -P MainPID albatross-launcher"), pid_before);
        assert_memory_equal(
                run("tr '\\0' ' ' </proc/$(systemctl show -P MainPID albatross-launcher)/cmdline"),
                "albatross-launcher --uid-range=61184-65519 --state=", 51);
        assert_int_equal(entries[0].child, gate.child);
        assert_int_equal(entries[0].state, LAUNCHER_AT_GATE);
        assert_string_equal(entries[0].scope, "albatross-gate.scope");
        assert_int_equal(entries[1].child, running.child);
        assert_int_equal(entries[1].state, LAUNCHER_RUNNING);
        assert_int_equal(entries[1].start_ticks, running.start_ticks);
        assert_int_equal(entries[2].child, ended.child);
        assert_int_equal(entries[2].wait_status, 8 << 8);
        assert_true(process_goes(probe_pid));

        assert_int_equal(client_wait_exit(later, running.child).wait_status, 9 << 8);
        assert_int_equal(client_spawn(later, UID, "test").error, -EBUSY);
        assert_int_equal(client_open(later, gate.child, "exit 7", -1).error, 0);
        assert_int_equal(client_wait_exit(later, gate.child).wait_status, 7 << 8);
        assert_true(client_spawn(later, UID + 3, "new").child > ended.child);

        close(ends[0]);
        close(ends[1]);
        client_close(client);
        *state = later;
}

static void survives_a_file_that_can_not_be_executed(void **state) {
        Client *client = *state;
        LauncherReply running = client_spawn(client, UID, "running");

        assert_int_equal(client_open(client, running.child, "exec sleep 9", -1).error, 0);
        assert_int_equal(
                system("cd " ALBATROSS_LIBEXECDIR
                       " && mv albatross-launcher x && echo broken >albatross-launcher"
                       " && chmod 755 albatross-launcher && systemctl reload albatross-launcher;"
                       " sleep 0.2; rm albatross-launcher; mv x albatross-launcher"),
                0);
        assert_int_equal(client_list(client, NULL, 0).count, 1);
        assert_int_equal(client_signal(client, running.child, SIGTERM).error, 0);
        assert_int_equal(client_wait_exit(client, running.child).wait_status, SIGTERM);
        assert_string_equal(run("systemctl is-active albatross-launcher"), "active\n");
}

static void leaves_tenders_running_when_it_ends(void **state) {
        static const char *const ways[] = {
                "systemctl restart albatross-launcher",
                "systemctl kill -s KILL --kill-whom=main albatross-launcher",
        };

        for (size_t i = 0; i < N_ELEMENTS(ways); i++) {
                Client *client = *state;
                LauncherReply gate, running;
                char byte;

                gate = client_spawn(client, UID, "gate");
                start_scope(gate.pid, "albatross-gate.scope");
                running = client_spawn(client, UID + 1, "running");
                start_scope(running.pid, "albatross-running.scope");
                assert_int_equal(client_open(client, running.child, "exec sleep 9", -1).error, 0);
                assert_int_equal(system(ways[i]), 0);
                while (recv(client->fd, &byte, 1, 0) > 0)
                        ;
                assert_true(process_goes(gate.pid));
                assert_true(process_exists(running.pid));
                client_close(client);

                usleep(300000);
                *state = client = client_connect();
                assert_int_equal(client_list(client, NULL, 0).count, 0);
                assert_true(client_spawn(client, UID, "new").child > running.child);
                assert_int_equal(kill((pid_t) running.pid, SIGKILL), 0);
                assert_true(process_goes(running.pid));
                assert_int_equal(system("systemctl -q reset-failed"), 0);
                teardown(state);
                setup(state);
        }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(runs_a_tender_from_gate_to_end),
                TEST(takes_everything_from_a_tender),
                TEST(gives_a_tender_only_its_descriptors),
                TEST(puts_a_tender_into_its_own_session_and_on_its_cpus),
                TEST(says_at_which_step_a_start_failed),
                TEST(refuses_programs_that_others_can_write_to),
                TEST(gives_the_group_of_kvm_and_no_other),
                TEST(finds_no_place_to_leave_anything),
                TEST(refuses_uids_that_are_not_its_own),
                TEST(holds_the_lock_of_a_uid_until_its_tender_is_forgotten),
                TEST(keeps_probes_and_a_running_tender_of_one_uid_apart),
                TEST(signals_reach_tenders_and_end_those_at_their_gates),
                TEST(runs_probes_and_reports_their_ends),
                TEST(tells_why_a_probe_did_not_run),
                TEST(kills_probes_at_their_deadlines),
                TEST(bounds_how_many_probes_run),
                TEST(ends_probes_whose_connection_vanishes_and_keeps_tenders),
                TEST(answers_malformed_messages_with_an_error),
                TEST(keeps_none_of_the_descriptors_it_is_sent),
                TEST(starts_two_hundred_at_once),
                TEST(lists_more_than_a_socket_holds),
                TEST(drops_who_does_not_read_and_serves_the_others),
                TEST(bounds_its_connections),
                TEST(lines_are_in_the_journal_under_their_scope),
                TEST(runs_without_a_journal_and_says_so),
                TEST(keeps_its_children_when_it_is_reloaded),
                TEST(survives_a_file_that_can_not_be_executed),
                TEST(leaves_tenders_running_when_it_ends),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
