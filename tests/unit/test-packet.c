/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/packet.h"

static int pair[2];
static int many[PACKET_FDS_MAX + 1];

static int set_up(void **state) {
        for (int i = 0; i <= PACKET_FDS_MAX; i++)
                many[i] = STDERR_FILENO;
        return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
}

static int tear_down(void **state) {
        fd_close(pair[0]);
        fd_close(pair[1]);
        return 0;
}

/* The lowest one that is free: none has leaked when it stays the same. */
static int next_fd(void) {
        int fd = dup(STDERR_FILENO);

        close(fd);
        return fd;
}

static void descriptors_travel_with_their_message(void **state) {
        int fds[PACKET_FDS_MAX];
        char data[8] = "";
        size_t n = 0;

        assert_int_equal(packet_send(pair[0], "hello", 5, many, PACKET_FDS_MAX), 0);
        assert_int_equal(packet_receive(pair[1], data, sizeof(data), fds, &n), 5);
        assert_string_equal(data, "hello");
        assert_int_equal(n, PACKET_FDS_MAX);
        assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
        packet_close_fds(fds, n);
        assert_int_equal(fds[0], -1);
}

static void an_empty_message_leaves_no_descriptor_behind(void **state) {
        int fds[PACKET_FDS_MAX];
        int free_fd = next_fd();
        char data[8] = "";
        size_t n = 7;

        assert_int_equal(packet_send(pair[0], "", 0, many, 2), 0);
        assert_int_equal(packet_receive(pair[1], data, sizeof(data), fds, &n), 0);
        assert_int_equal(n, 0);
        assert_int_equal(next_fd(), free_fd);
}

static void what_there_is_no_room_for_is_lost_and_the_message_is_not(void **state) {
        struct rlimit limit, small;
        int fds[PACKET_FDS_MAX];
        int free_fd = next_fd();
        char data[8] = "";

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        small = limit;
        for (int n_room = 0; n_room < 4; n_room++) {
                size_t n = 7;

                assert_int_equal(packet_send(pair[0], "hello", 5, many, 4), 0);
                small.rlim_cur = (rlim_t) (free_fd + n_room);
                assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
                assert_int_equal(packet_receive(pair[1], data, sizeof(data), fds, &n), 5);
                assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
                assert_int_equal(n, 0);
                assert_string_equal(data, "hello");
                assert_int_equal(next_fd(), free_fd);
        }
}

static void refuses_what_is_too_large(void **state) {
        int fds[PACKET_FDS_MAX];
        int free_fd = next_fd();
        char data[4];
        size_t n = 7;

        assert_int_equal(packet_send(pair[0], "hello", 5, many, PACKET_FDS_MAX + 1), -EMSGSIZE);
        assert_int_equal(packet_send(pair[0], "hello", 5, many, 2), 0);
        assert_int_equal(packet_receive(pair[1], data, sizeof(data), fds, &n), -EMSGSIZE);
        assert_int_equal(n, 7);
        assert_int_equal(next_fd(), free_fd);
        assert_int_equal(packet_receive(pair[1], data, sizeof(data), fds, &n), -EAGAIN);
}

/* One more than fits, as packet_send() would not send them. */
static void refuses_more_descriptors_than_there_may_be(void **state) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(many))];
        } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(many)),
                                .cmsg_level = SOL_SOCKET,
                                .cmsg_type = SCM_RIGHTS}};
        char data[8] = "hello";
        struct iovec iov = {.iov_base = data, .iov_len = 5};
        const struct msghdr message = {.msg_iov = &iov,
                                       .msg_iovlen = 1,
                                       .msg_control = &control,
                                       .msg_controllen = sizeof(control)};
        int fds[PACKET_FDS_MAX];
        int free_fd = next_fd();
        size_t n = 7;

        memcpy(CMSG_DATA(&control.header), many, sizeof(many));
        assert_int_equal(sendmsg(pair[0], &message, 0), 5);
        assert_int_equal(packet_receive(pair[1], data, sizeof(data), fds, &n), -EMSGSIZE);
        assert_int_equal(n, 7);
        assert_int_equal(next_fd(), free_fd);
}

#define PACKET_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                PACKET_TEST(descriptors_travel_with_their_message),
                PACKET_TEST(an_empty_message_leaves_no_descriptor_behind),
                PACKET_TEST(what_there_is_no_room_for_is_lost_and_the_message_is_not),
                PACKET_TEST(refuses_what_is_too_large),
                PACKET_TEST(refuses_more_descriptors_than_there_may_be),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
