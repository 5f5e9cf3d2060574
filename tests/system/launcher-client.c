/* SPDX-License-Identifier: ISC */

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/packet.h"
#include "launcher-client.h"

#define PATIENCE_MS 60000

int client_socket(void) {
        static const struct sockaddr_un address = {
                .sun_family = AF_UNIX,
                .sun_path = ALBATROSS_RUNTIMEDIR "/launcher",
        };
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (const struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

Client *client_connect(void) {
        Client *client = calloc(1, sizeof(*client));

        assert_non_null(client);
        client->fd = client_socket();
        return client;
}

void client_close(Client *client) {
        close(client->fd);
        free(client);
}

int client_argv_raw(const char *data, size_t size) {
        int fd = file_memfd("argv", data, size);

        assert_true(fd >= 0);
        return fd;
}

int client_argv_script(const char *script) {
        char data[4096];
        int size = snprintf(data, sizeof(data), "sh%c-c%c%s", '\0', '\0', script);

        assert_true(size > 0 && (size_t) size < sizeof(data));
        return client_argv_raw(data, (size_t) size + 1);
}

int client_shell(void) {
        int fd = open("/bin/sh", O_PATH | O_CLOEXEC);

        assert_true(fd >= 0);
        return fd;
}

uint64_t client_send(Client *client, LauncherRequest request, const int *fds, size_t n_fds) {
        request.version = LAUNCHER_WIRE_VERSION;
        request.serial = ++client->serial;
        assert_int_equal(packet_send(client->fd, &request, sizeof(request), fds, n_fds), 0);
        return request.serial;
}

static LauncherReply client_receive(Client *client) {
        struct pollfd wait = {.fd = client->fd, .events = POLLIN};
        LauncherReply reply;
        int fds[PACKET_FDS_MAX];
        size_t n_fds;

        assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
        assert_int_equal(packet_receive(client->fd, &reply, sizeof(reply), fds, &n_fds),
                         sizeof(reply));
        assert_int_equal(n_fds, 0);
        assert_int_equal(reply.version, LAUNCHER_WIRE_VERSION);
        if (reply.kind == LAUNCHER_EXITED) {
                assert_true(client->n_exits < CLIENT_EXITS_MAX);
                assert_int_equal(reply.serial, 0);
                assert_int_equal(reply.state, LAUNCHER_ENDED);
                client->exits[client->n_exits++] = reply;
        }
        return reply;
}

LauncherReply client_wait_answer(Client *client, uint64_t serial) {
        for (;;) {
                LauncherReply reply = client_receive(client);

                if (reply.kind != LAUNCHER_EXITED) {
                        assert_int_equal(reply.kind, LAUNCHER_ANSWER);
                        assert_int_equal(reply.serial, serial);
                        return reply;
                }
        }
}

LauncherReply client_wait_exit(Client *client, uint64_t child) {
        for (unsigned i = 0;; i++) {
                while (i == client->n_exits)
                        assert_int_equal(client_receive(client).kind, LAUNCHER_EXITED);
                if (client->exits[i].child == child)
                        return client->exits[i];
        }
}

LauncherReply client_call(Client *client, LauncherRequest request, const int *fds, size_t n_fds) {
        return client_wait_answer(client, client_send(client, request, fds, n_fds));
}

LauncherReply client_spawn(Client *client, uint32_t uid, const char *name) {
        LauncherRequest request = {.verb = LAUNCHER_SPAWN, .uid = uid};

        (void) snprintf(request.name, sizeof(request.name), "%s", name);
        (void) snprintf(request.scope, sizeof(request.scope), "albatross-%s.scope", name);
        return client_call(client, request, NULL, 0);
}

LauncherReply client_open(Client *client, uint64_t child, const char *script, int pass_fd) {
        const LauncherRequest request = {.verb = LAUNCHER_OPEN, .child = child};
        _cleanup_(fd_closep) int program_fd = client_shell(), argv_fd = client_argv_script(script);
        const int fds[] = {program_fd, argv_fd, pass_fd};

        return client_call(client, request, fds, pass_fd < 0 ? 2 : 3);
}

LauncherReply client_signal(Client *client, uint64_t child, int signal) {
        const LauncherRequest request = {
                .verb = LAUNCHER_SIGNAL,
                .child = child,
                .signal = signal,
        };

        return client_call(client, request, NULL, 0);
}

LauncherReply client_forget(Client *client, uint64_t child) {
        const LauncherRequest request = {.verb = LAUNCHER_FORGET, .child = child};

        return client_call(client, request, NULL, 0);
}

uint64_t client_send_probe(Client *client, uint32_t uid, const char *script, int output_fd) {
        const LauncherRequest request = {
                .verb = LAUNCHER_PROBE,
                .uid = uid,
                .deadline_usec = 60 * 1000 * 1000,
        };
        _cleanup_(fd_closep) int program_fd = client_shell(), argv_fd = client_argv_script(script);
        _cleanup_(fd_closep) int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        const int fds[] = {program_fd, argv_fd, null_fd, output_fd, output_fd};

        return client_send(client, request, fds, output_fd < 0 ? 2 : 5);
}

LauncherReply client_list(Client *client, LauncherReply *entries, size_t n_max) {
        uint64_t serial = client_send(client, (LauncherRequest){.verb = LAUNCHER_LIST}, NULL, 0);
        size_t n = 0;

        for (;;) {
                LauncherReply reply = client_receive(client);

                if (reply.kind == LAUNCHER_EXITED)
                        continue;
                assert_int_equal(reply.serial, serial);
                if (reply.kind == LAUNCHER_ANSWER) {
                        assert_int_equal(reply.count, n);
                        return reply;
                }
                assert_int_equal(reply.kind, LAUNCHER_ENTRY);
                if (n < n_max)
                        entries[n] = reply;
                n++;
        }
}

int client_setup(void **state) {
        *state = client_connect();
        return 0;
}

/* Ends and forgets whatever the test has left. */
int client_teardown(void **state) {
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

char *run(const char *command) {
        static char output[OUTPUT_MAX];
        FILE *pipe = popen(command, "r");
        size_t size;

        assert_non_null(pipe);
        size = fread(output, 1, sizeof(output) - 1, pipe);
        output[size] = '\0';
        assert_int_equal(pclose(pipe), 0);
        return output;
}

bool process_exists(uint32_t pid) {
        return kill((pid_t) pid, 0) == 0;
}

bool process_goes(uint32_t pid) {
        for (int i = 0; i < 200; i++) {
                if (!process_exists(pid))
                        return true;
                usleep(10000);
        }
        return false;
}

void start_scope(uint32_t pid, const char *scope) {
        char command[512];

        (void) snprintf(command, sizeof(command),
                        "busctl -q call org.freedesktop.systemd1 /org/freedesktop/systemd1"
                        " org.freedesktop.systemd1.Manager StartTransientUnit 'ssa(sv)a(sa(sv))'"
                        " %s fail 1 PIDs au 1 %u 0 &&"
                        " while ! grep -q %s /proc/%u/cgroup; do sleep 0.01; done",
                        scope, pid, scope, pid);
        assert_int_equal(system(command), 0);
}
