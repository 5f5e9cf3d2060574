/* SPDX-License-Identifier: ISC */

/* What becomes of a tender: its rights, its descriptors, its journal, its end. Run by launcher.sh.
 */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "launcher-client.h"

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

/* 3 is the pipe, and each of the others says which one it is. */
static void gives_a_tender_as_many_as_it_can_have_in_their_order(void **state) {
        _cleanup_(freep) char *output = NULL;
        LauncherRequest request = {.verb = LAUNCHER_OPEN};
        int fds[2 + LAUNCHER_PASS_MAX], ends[2];
        char expected[OUTPUT_MAX] = "", text[8];
        LauncherReply spawned;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        fds[0] = client_shell();
        fds[1] = client_argv_script("exec cat $(seq -f /proc/self/fd/%.0f 4 68) >&3");
        fds[2] = ends[1];
        for (int i = 1; i < (int) LAUNCHER_PASS_MAX; i++) {
                (void) snprintf(text, sizeof(text), "%d ", 3 + i);
                fds[2 + i] = file_memfd("test", text, strlen(text));
                strcat(expected, text);
        }

        spawned = client_spawn(*state, UID, "test");
        request.child = spawned.child;
        assert_int_equal(client_call(*state, request, fds, N_ELEMENTS(fds)).error, 0);
        for (size_t i = 0; i < N_ELEMENTS(fds); i++)
                close(fds[i]);
        assert_int_equal(file_read_fd(ends[0], OUTPUT_MAX, &output, NULL), 0);
        close(ends[0]);
        assert_string_equal(output, expected);
        (void) client_wait_exit(*state, spawned.child);
        assert_int_equal(client_forget(*state, spawned.child).error, 0);
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
        int no_group = access("/dev/kvm", F_OK) == 0 ? -EPERM : -ENOENT;
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
                {{shell, argv_fd}, no_group, LAUNCHER_STEP_IDENTITY, 0, 42},
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

        if (access("/dev/kvm", F_OK) < 0 || access("/dev/net/tun", F_OK) < 0)
                skip();
        /* As udev would do it, which is not in every rig. */
        assert_int_equal(system("chgrp 106 /dev/kvm; chmod 660 /dev/kvm; chmod 666 /dev/net/tun"),
                         0);
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

        (void) run_tender(*state,
                          "exec >&3; for d in /tmp /var/tmp /dev/shm /dev/mqueue /run/lock "
                          "/var/lock / /dev /dev/pts /dev/hugepages;"
                          " do (: >$d/x) 2>/dev/null && echo WROTE $d; done;"
                          "ls /home /root /proc | grep -c '^1$'; echo done",
                          &output);
        assert_string_equal(output, "0\ndone\n");
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

/* The real thing: our tender, and an image that it gets as a descriptor. */
static void runs_albatross_spt_in_its_sandbox(void **state) {
        static const char argv[] = "albatross-spt\0--mem=16\0--\0@3\0Hello";
        LauncherRequest request = {.verb = LAUNCHER_OPEN};
        Client *client = *state;
        _cleanup_(fd_closep) int argv_fd = client_argv_raw(argv, sizeof(argv));
        _cleanup_(fd_closep) int program_fd = -1, image_fd = -1;
        LauncherReply spawned;

        program_fd = open(ALBATROSS_LIBEXECDIR "/albatross-spt", O_PATH | O_CLOEXEC);
        image_fd = open(ALBATROSS_DATADIR "/hello.spt", O_RDONLY | O_CLOEXEC);
        assert_true(program_fd >= 0 && image_fd >= 0);
        spawned = client_spawn(client, UID, "hello");
        start_scope(spawned.pid, "albatross-hello.scope");
        request.child = spawned.child;
        assert_int_equal(
                client_call(client, request, (int[]){program_fd, argv_fd, image_fd}, 3).error, 0);
        assert_int_equal(client_wait_exit(client, spawned.child).wait_status, 0);
        assert_int_equal(system("journalctl --sync"), 0);
        assert_string_equal(run("journalctl -q -o cat _SYSTEMD_UNIT=albatross-hello.scope"),
                            "Hello\n");
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

int main(void) {
        const struct CMUnitTest tests[] = {
                CLIENT_TEST(runs_a_tender_from_gate_to_end),
                CLIENT_TEST(takes_everything_from_a_tender),
                CLIENT_TEST(gives_a_tender_only_its_descriptors),
                CLIENT_TEST(gives_a_tender_as_many_as_it_can_have_in_their_order),
                CLIENT_TEST(puts_a_tender_into_its_own_session_and_on_its_cpus),
                CLIENT_TEST(says_at_which_step_a_start_failed),
                CLIENT_TEST(refuses_programs_that_others_can_write_to),
                CLIENT_TEST(gives_the_group_of_kvm_and_no_other),
                CLIENT_TEST(finds_no_place_to_leave_anything),
                CLIENT_TEST(signals_reach_tenders_and_end_those_at_their_gates),
                CLIENT_TEST(lines_are_in_the_journal_under_their_scope),
                CLIENT_TEST(runs_albatross_spt_in_its_sandbox),
                CLIENT_TEST(runs_without_a_journal_and_says_so),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
