/* SPDX-License-Identifier: ISC */

/* The daemon's end of the network service, and a service that does not do its part. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "manager/network-link.h"
#include "network/wire.h"

#define PATIENCE_USEC UINT64_C(100000)
#define TEST_USEC     UINT64_C(20000000) /* after that a test has failed */

typedef struct RequestMessage {
        NetworkRequest request;
        NetworkName names[NETWORK_NAMES_MAX];
} RequestMessage;

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static socklen_t address_size;
static bool refuses; /* nobody listens */

static sd_event *event;
static NetworkLink *network;
static int listener_fd, service_fd;

static unsigned n_answers;
static TapAnswer answer; /* the last one */

int __real_connect(int fd, const struct sockaddr *to, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t size);

/* Whatever the daemon connects to is the service of these tests; others (the journal) are not. */
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t size) {
        const struct sockaddr_un *path = (const struct sockaddr_un *) (const void *) to;

        if (to->sa_family != AF_UNIX || strcmp(path->sun_path, NETWORK_SOCKET) != 0)
                return __real_connect(fd, to, size);
        if (refuses) {
                errno = ECONNREFUSED;
                return -1;
        }
        return __real_connect(fd, (const struct sockaddr *) &address, address_size);
}

static int set_up(uint64_t patience_usec) {
        const NetworkHandlers handlers = {.patience_usec = patience_usec};
        int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
                              "albatross-network-orders-%d", getpid());

        address_size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + (size_t) length);
        n_answers = 0;
        refuses = false;
        service_fd = -1;
        listener_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (bind(listener_fd, (const struct sockaddr *) &address, address_size) < 0 ||
            listen(listener_fd, 4) < 0)
                return -1;
        if (sd_event_new(&event) < 0)
                return -1;
        return network_link_new(&network, event, &handlers);
}

static int set_up_impatient(void **state) {
        return set_up(PATIENCE_USEC);
}

static int set_up_patient(void **state) {
        return set_up(0);
}

static int tear_down(void **state) {
        network = network_link_free(network);
        event = sd_event_unref(event);
        fd_close(listener_fd);
        fd_close(service_fd);
        return 0;
}

static void on_made(void *userdata, TapAnswer *given) {
        n_answers++;
        answer = *given;
        assert_int_equal(given->fd, -1);
}

static void order_tap(bool persistent) {
        const TapOrder order = {
                .unikernel = "web",
                .bridge = "br0",
                .uid = 61184,
                .persistent = persistent,
        };

        assert_int_equal(network_make_tap(network, &order, on_made, NULL), 0);
}

/* As long as it takes, but not for ever. */
static void run_until_answered(void) {
        for (uint64_t usec = 0; n_answers == 0 && usec < TEST_USEC; usec += 10000)
                assert_true(sd_event_run(event, 10000) >= 0);
        assert_int_equal(n_answers, 1);
}

/* The next request of @verb; those before it are passed over. */
static void take_request(NetworkVerb verb, RequestMessage *ret) {
        int fds[PACKET_FDS_MAX];
        size_t n_fds = 0;

        for (uint64_t usec = 0; usec < TEST_USEC; usec += 10000) {
                int r;

                assert_true(sd_event_run(event, 10000) >= 0);
                if (service_fd < 0)
                        service_fd = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
                if (service_fd < 0)
                        continue;
                memset(ret, 0, sizeof(*ret));
                r = packet_receive(service_fd, ret, sizeof(*ret), fds, &n_fds);
                if (r == -EAGAIN)
                        continue;
                assert_true(r > 0);
                packet_close_fds(fds, n_fds);
                if (ret->request.verb == verb)
                        return;
        }
        fail_msg("It does not come");
}

static void one_that_answers_nothing_is_given_up(void **state) {
        order_tap(false);
        run_until_answered();
        assert_int_equal(answer.error, -EPIPE);
        assert_int_equal(answer.fault.code, FAULT_FAILED);
}

static void the_next_one_after_that_is_asked_again(void **state) {
        RequestMessage message;

        order_tap(false);
        run_until_answered();
        service_fd = fd_close(accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC));
        order_tap(false);
        take_request(NETWORK_MAKE_TAP, &message);
        assert_string_equal(message.request.unikernel, "web");
}

static void a_tap_whose_persistence_was_not_answered_is_removed(void **state) {
        NetworkReply reply = {
                .version = NETWORK_WIRE_VERSION,
                .kind = NETWORK_ANSWER,
                .tap.text = "alb4711",
        };
        RequestMessage message;
        int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        order_tap(true);
        take_request(NETWORK_WATCH_BRIDGES, &message);
        reply.serial = message.request.serial;
        assert_int_equal(packet_send(service_fd, &reply, sizeof(reply), NULL, 0), 0);
        take_request(NETWORK_MAKE_TAP, &message);
        reply.serial = message.request.serial;
        assert_int_equal(packet_send(service_fd, &reply, sizeof(reply), &null_fd, 1), 0);
        fd_close(null_fd);
        take_request(NETWORK_PERSIST_TAP, &message);

        /* It may have done that, and is gone before it says so. */
        refuses = true;
        service_fd = fd_close(service_fd);
        run_until_answered();
        assert_int_equal(answer.error, -EPIPE);

        refuses = false;
        take_request(NETWORK_REMOVE_TAPS, &message);
        assert_int_equal(message.request.n_names, 1);
        assert_string_equal(message.names[0].text, "alb4711");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(one_that_answers_nothing_is_given_up,
                                                set_up_impatient, tear_down),
                cmocka_unit_test_setup_teardown(the_next_one_after_that_is_asked_again,
                                                set_up_impatient, tear_down),
                cmocka_unit_test_setup_teardown(a_tap_whose_persistence_was_not_answered_is_removed,
                                                set_up_patient, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
