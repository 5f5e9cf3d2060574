/* SPDX-License-Identifier: ISC */

/* Probes, and who may run as which uid. Run by launcher.sh. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "launcher-client.h"

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

static int lock_uid(const char *path) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
                return fd;
        close(fd);
        return -1;
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

static void holds_the_lock_of_a_uid_until_its_tender_is_forgotten(void **state) {
        static const char path[] = "/run/systemd/dynamic-uid/61184";
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

static void kills_a_probe_when_it_is_asked_to(void **state) {
        LauncherRequest cancel = {.verb = LAUNCHER_CANCEL};
        Client *client = *state, *other = client_connect();
        LauncherReply answer;

        cancel.child = client_send_probe(client, UID, "while :; do :; done", -1);
        assert_int_equal(client_call(other, cancel, NULL, 0).error, -ENOENT);
        client_close(other);
        assert_int_equal(client_call(client, cancel, NULL, 0).error, 0);
        answer = client_wait_answer(client, cancel.child);
        assert_int_equal(answer.error, 0);
        assert_true(WIFSIGNALED(answer.wait_status));
        assert_int_equal(WTERMSIG(answer.wait_status), SIGKILL);
        assert_int_equal(client_call(client, cancel, NULL, 0).error, -ENOENT);
}

/* Each waits for the end of a pipe, so that none ends before all are there. */
static void bounds_how_many_probes_run(void **state) {
        const uint32_t n_max = 256;
        Client *client = *state;
        LauncherReply reply;
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        for (uint32_t i = 0; i <= n_max; i++)
                (void) client_send_probe(client, UID + i, "read nothing <&1; exit 3", ends[0]);
        assert_int_equal(recv(client->fd, &reply, sizeof(reply), 0), sizeof(reply));
        assert_int_equal(reply.error, -EAGAIN);

        close(ends[1]);
        for (uint32_t i = 0; i < n_max; i++) {
                assert_int_equal(recv(client->fd, &reply, sizeof(reply), 0), sizeof(reply));
                assert_int_equal(reply.error, 0);
                assert_int_equal(reply.wait_status, 3 << 8);
        }
        close(ends[0]);
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

int main(void) {
        const struct CMUnitTest tests[] = {
                CLIENT_TEST(refuses_uids_that_are_not_its_own),
                CLIENT_TEST(holds_the_lock_of_a_uid_until_its_tender_is_forgotten),
                CLIENT_TEST(keeps_probes_and_a_running_tender_of_one_uid_apart),
                CLIENT_TEST(runs_probes_and_reports_their_ends),
                CLIENT_TEST(tells_why_a_probe_did_not_run),
                CLIENT_TEST(kills_probes_at_their_deadlines),
                CLIENT_TEST(kills_a_probe_when_it_is_asked_to),
                CLIENT_TEST(bounds_how_many_probes_run),
                CLIENT_TEST(ends_probes_whose_connection_vanishes_and_keeps_tenders),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
