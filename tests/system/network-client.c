/* SPDX-License-Identifier: ISC */

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "network-client.h"

#define PATIENCE_MS 30000

/* How long one waits for a frame that is not to come. */
#define FRAME_MS 300

/* IEEE Std 802 - Local Experimental Ethertype 1. */
#define ETHERTYPE "\x88\xb5"

#define FRAME_SIZE 64U

typedef struct Message {
        NetworkReply reply;
        NetworkName names[NETWORK_NAMES_MAX];
} Message;

Client *client_connect(void) {
        const struct sockaddr_un address = {
                .sun_family = AF_UNIX,
                .sun_path = ALBATROSS_RUNTIMEDIR "/network",
        };
        Client *client = calloc(1, sizeof(*client));

        assert_non_null(client);
        client->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        assert_true(client->fd >= 0);
        assert_int_equal(connect(client->fd, (const struct sockaddr *) &address, sizeof(address)),
                         0);
        return client;
}

void client_close(Client *client) {
        close(client->fd);
        free(client);
}

int client_setup(void **state) {
        *state = client_connect();
        return 0;
}

int client_teardown(void **state) {
        client_close(*state);
        return 0;
}

void client_send_raw(Client *client, const void *data, size_t size, int fd) {
        assert_int_equal(packet_send(client->fd, data, size, &fd, fd >= 0), 0);
}

static Message *client_receive(Client *client, int timeout_ms, int *ret_fd) {
        static Message message;
        struct pollfd wait = {.fd = client->fd, .events = POLLIN};
        int fds[PACKET_FDS_MAX];
        size_t n_fds;
        int n;

        if (poll(&wait, 1, timeout_ms) == 0)
                return NULL;
        n = packet_receive(client->fd, &message, sizeof(message), fds, &n_fds);
        assert_true(n >= (int) sizeof(NetworkReply));
        assert_int_equal(message.reply.version, NETWORK_WIRE_VERSION);
        assert_int_equal(n, sizeof(NetworkReply) + message.reply.n_names * sizeof(NetworkName));
        assert_true(n_fds <= 1);
        *ret_fd = n_fds == 1 ? fds[0] : -1;
        if (message.reply.kind == NETWORK_BRIDGES) {
                assert_int_equal(message.reply.serial, 0);
                assert_int_equal(message.reply.more, 0);
                client->n_bridge_sets++;
                client->n_bridges = message.reply.n_names;
                memcpy(client->bridges, message.names, sizeof(client->bridges));
        }
        return &message;
}

NetworkReply client_wait(Client *client, uint64_t serial, Names *names, int *ret_fd) {
        for (;;) {
                int fd;
                const Message *message = client_receive(client, PATIENCE_MS, &fd);

                assert_non_null(message);
                if (message->reply.kind != NETWORK_ANSWER)
                        continue;
                assert_int_equal(message->reply.serial, serial);
                for (uint32_t i = 0; names && i < message->reply.n_names; i++)
                        names->names[names->n++] = message->names[i];
                if (message->reply.more)
                        continue;
                *ret_fd = fd;
                return message->reply;
        }
}

static uint64_t client_send(Client *client,
                            NetworkRequest request,
                            const NetworkName *names,
                            int fd) {
        char data[sizeof(request) + NETWORK_NAMES_MAX * sizeof(*names)];
        size_t size = request.n_names * sizeof(*names);

        request.version = NETWORK_WIRE_VERSION;
        request.serial = ++client->serial;
        memcpy(data, &request, sizeof(request));
        if (size > 0)
                memcpy(data + sizeof(request), names, size);
        client_send_raw(client, data, sizeof(request) + size, fd);
        return request.serial;
}

NetworkReply client_call(Client *client, NetworkRequest request, const NetworkName *names, int fd) {
        uint64_t serial = client_send(client, request, names, fd);
        int no_fd;
        NetworkReply reply = client_wait(client, serial, NULL, &no_fd);

        assert_int_equal(no_fd, -1);
        return reply;
}

NetworkRequest tap_request(const char *bridge, uint8_t mac_end, uint32_t flags) {
        NetworkRequest request = {
                .verb = NETWORK_MAKE_TAP,
                .uid = 61200,
                .flags = flags,
                .mac = {2, 0, 0, 0, 0, mac_end},
                .unikernel = "alice:web",
        };

        (void) snprintf(request.bridge.text, sizeof(request.bridge.text), "%s", bridge);
        return request;
}

Tap client_make(Client *client, NetworkRequest request) {
        Tap tap = {.fd = -1};
        uint64_t serial = client_send(client, request, NULL, -1);
        NetworkReply reply = client_wait(client, serial, NULL, &tap.fd);

        tap.error = reply.error;
        tap.name = reply.tap;
        assert_int_equal(tap.fd >= 0, tap.error == 0);
        return tap;
}

int client_remove(Client *client, const NetworkName *names, size_t n_names) {
        const NetworkRequest request = {
                .verb = NETWORK_REMOVE_TAPS,
                .n_names = (uint32_t) n_names,
        };

        return client_call(client, request, names, -1).error;
}

void client_list(Client *client, Names *ret) {
        uint64_t serial =
                client_send(client, (NetworkRequest){.verb = NETWORK_LIST_TAPS}, NULL, -1);
        int no_fd;

        ret->n = 0;
        assert_int_equal(client_wait(client, serial, ret, &no_fd).error, 0);
        assert_int_equal(no_fd, -1);
}

static bool has_bridge(const Client *client, const char *name) {
        for (size_t i = 0; i < client->n_bridges; i++)
                if (strcmp(client->bridges[i].text, name) == 0)
                        return true;
        return false;
}

bool client_sees_bridge(Client *client, const char *name, bool is_there) {
        int fd;

        while (has_bridge(client, name) != is_there)
                if (!client_receive(client, 5000, &fd))
                        return false;
        return true;
}

__attribute__((format(printf, 1, 0))) static FILE *shell_open(const char *format,
                                                              va_list arguments) {
        char command[1024];
        FILE *pipe;

        assert_true(vsnprintf(command, sizeof(command), format, arguments) < (int) sizeof(command));
        pipe = popen(command, "r");
        assert_non_null(pipe);
        return pipe;
}

void shell(const char *format, ...) {
        va_list arguments;
        FILE *pipe;

        va_start(arguments, format);
        pipe = shell_open(format, arguments);
        va_end(arguments);
        assert_int_equal(pclose(pipe), 0);
}

bool shell_says(const char *text, const char *format, ...) {
        static char output[65536];
        va_list arguments;
        FILE *pipe;
        size_t n;

        va_start(arguments, format);
        pipe = shell_open(format, arguments);
        va_end(arguments);
        n = fread(output, 1, sizeof(output) - 1, pipe);
        output[n] = '\0';
        (void) pclose(pipe);
        return strstr(output, text);
}

void frame_send(const Tap *tap, const uint8_t from[6], const uint8_t to[6], const char *text) {
        char frame[FRAME_SIZE] = {};

        memcpy(frame, to, 6);
        memcpy(frame + 6, from, 6);
        memcpy(frame + 12, ETHERTYPE, 2);
        (void) snprintf(frame + 14, sizeof(frame) - 14, "%s", text);
        assert_int_equal(write(tap->fd, frame, sizeof(frame)), sizeof(frame));
}

static int64_t now_ms(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool frame_comes(const Tap *tap, const char *text) {
        int64_t until = now_ms() + FRAME_MS;
        int64_t left;

        while ((left = until - now_ms()) > 0) {
                struct pollfd wait = {.fd = tap->fd, .events = POLLIN};
                char frame[2048] = {};
                ssize_t n;

                if (poll(&wait, 1, (int) left) <= 0)
                        return false;
                n = read(tap->fd, frame, sizeof(frame) - 1);
                if (n > 14 && memcmp(frame + 12, ETHERTYPE, 2) == 0 &&
                    strcmp(frame + 14, text) == 0)
                        return true;
        }
        return false;
}
