/* SPDX-License-Identifier: ISC */

/* What is left when the launcher is reloaded, restarted or killed. Run by launcher.sh. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "launcher-client.h"

static void keeps_its_children_when_it_is_reloaded(void **state) {
        LauncherReply gate, running, ended, entries[3], reply;
        Client *client = *state, *later;
        uint32_t probe_pid;
        char pid_before[32], text[16] = "";
        int ends[2], stop[2];

        (void) snprintf(pid_before, sizeof(pid_before), "%s",
                        run("systemctl show -P MainPID albatross-launcher"));
        assert_int_equal(pipe2(stop, O_CLOEXEC), 0);
        gate = client_spawn(client, UID, "gate");
        running = client_spawn(client, UID + 1, "running");
        assert_int_equal(
                client_open(client, running.child, "read nothing <&3; exit 9", stop[0]).error, 0);
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

        close(stop[1]);
        assert_int_equal(client_wait_exit(later, running.child).wait_status, 9 << 8);
        assert_int_equal(client_spawn(later, UID, "test").error, -EBUSY);
        assert_int_equal(client_open(later, gate.child, "exit 7", -1).error, 0);
        assert_int_equal(client_wait_exit(later, gate.child).wait_status, 7 << 8);
        assert_true(client_spawn(later, UID + 3, "new").child > ended.child);

        close(stop[0]);
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

        const LauncherRequest left = {.verb = LAUNCHER_FORGET, .uid = UID + 1};

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
                assert_int_equal(client_spawn(client, UID + 1, "other").error, -EBUSY);
                assert_int_equal(kill((pid_t) running.pid, SIGKILL), 0);
                assert_true(process_goes(running.pid));
                assert_int_equal(client_call(client, left, NULL, 0).error, 0);
                assert_int_equal(client_call(client, left, NULL, 0).error, -ENOENT);
                assert_int_equal(client_spawn(client, UID + 1, "other").error, 0);
                assert_int_equal(system("systemctl -q reset-failed"), 0);
                client_teardown(state);
                client_setup(state);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                CLIENT_TEST(keeps_its_children_when_it_is_reloaded),
                CLIENT_TEST(survives_a_file_that_can_not_be_executed),
                CLIENT_TEST(leaves_tenders_running_when_it_ends),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
