/* SPDX-License-Identifier: ISC */

/* Clients that are many, deaf or mistaken. Run by launcher.sh. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "launcher-client.h"

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
                {sizeof(request), LAUNCHER_WIRE_VERSION, LAUNCHER_CANCEL + 1, 0, -EPROTO},
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

int main(void) {
        const struct CMUnitTest tests[] = {
                CLIENT_TEST(answers_malformed_messages_with_an_error),
                CLIENT_TEST(keeps_none_of_the_descriptors_it_is_sent),
                CLIENT_TEST(starts_two_hundred_at_once),
                CLIENT_TEST(lists_more_than_a_socket_holds),
                CLIENT_TEST(drops_who_does_not_read_and_serves_the_others),
                CLIENT_TEST(bounds_its_connections),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
