/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "manager/channel.h"

static bool fails;

int __real_sd_event_source_set_io_events(sd_event_source *source, uint32_t events);
int __wrap_sd_event_source_set_io_events(sd_event_source *source, uint32_t events);

int __wrap_sd_event_source_set_io_events(sd_event_source *source, uint32_t events) {
        return fails ? -ENOSPC : __real_sd_event_source_set_io_events(source, events);
}

typedef struct Peer {
        sd_event *event;
        Channel *channel;
        int fd; /* the other end */
        unsigned n_received, n_closed;
        unsigned break_at; /* the message that makes no sense */
        int error;
} Peer;

static void on_received(void *userdata, const void *data, size_t size, int *fds, size_t n_fds) {
        Peer *peer = userdata;

        if (++peer->n_received == peer->break_at)
                channel_break(peer->channel);
}

static void on_closed(void *userdata, int error) {
        Peer *peer = userdata;

        peer->n_closed++;
        peer->error = error;
        peer->channel = channel_free(peer->channel);
}

static int set_up(void **state) {
        const ChannelHandlers handlers = {on_received, on_closed, calloc(1, sizeof(Peer))};
        Peer *peer = handlers.userdata;
        int pair[2];

        assert_non_null(peer);
        fails = false;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(sd_event_new(&peer->event), 0);
        assert_int_equal(channel_new(&peer->channel, peer->event, pair[0], 16, &handlers), 0);
        peer->fd = pair[1];
        assert_int_equal(fcntl(peer->fd, F_SETFL, O_NONBLOCK), 0);
        *state = peer;
        return 0;
}

static int tear_down(void **state) {
        Peer *peer = *state;

        channel_free(peer->channel);
        sd_event_unref(peer->event);
        fd_close(peer->fd);
        free(peer);
        return 0;
}

static void run_until_idle(Peer *peer) {
        while (sd_event_run(peer->event, 0) > 0)
                ;
}

/* Sends until the socket takes no more; returns how many it took. */
static unsigned fill(Peer *peer) {
        unsigned n = 0;

        fails = true;
        while (channel_send(peer->channel, "message", 8, NULL, 0) == 0)
                n++;
        return n;
}

static unsigned count_at_the_other_end(Peer *peer) {
        char data[16];
        unsigned n = 0;

        while (recv(peer->fd, data, sizeof(data), 0) > 0)
                n++;
        return n;
}

static void what_failed_is_not_sent_later(void **state) {
        Peer *peer = *state;
        unsigned n = fill(peer);

        assert_true(n > 0);
        fails = false;
        assert_int_equal(count_at_the_other_end(peer), n);
        run_until_idle(peer);
        assert_int_equal(count_at_the_other_end(peer), 0);
        assert_int_equal(channel_send(peer->channel, "message", 8, NULL, 0), 0);
        assert_int_equal(count_at_the_other_end(peer), 1);
        assert_int_equal(peer->n_closed, 0);
}

static void what_waits_is_sent_once(void **state) {
        Peer *peer = *state;
        unsigned n = fill(peer), n_taken = 0;

        fails = false;
        for (int i = 0; i < 100; i++)
                assert_int_equal(channel_send(peer->channel, "message", 8, NULL, 0), 0);
        for (int i = 0; i < 10; i++) {
                n_taken += count_at_the_other_end(peer);
                run_until_idle(peer);
        }
        assert_int_equal(n_taken, n + 100);
}

static void one_that_makes_no_sense_is_ended(void **state) {
        Peer *peer = *state;

        peer->break_at = 2;
        for (int i = 0; i < 5; i++)
                assert_int_equal(send(peer->fd, "nonsense", 8, 0), 8);
        run_until_idle(peer);
        assert_int_equal(peer->n_received, 2);
        assert_int_equal(peer->n_closed, 1);
        assert_int_equal(peer->error, -EPROTO);
        assert_int_equal(send(peer->fd, "x", 1, MSG_NOSIGNAL), -1);
}

static void one_that_is_ended_takes_nothing_and_is_told_later(void **state) {
        Peer *peer = *state;

        channel_break(peer->channel);
        assert_int_equal(channel_send(peer->channel, "message", 8, NULL, 0), -EPIPE);
        assert_int_equal(peer->n_closed, 0);
        run_until_idle(peer);
        assert_int_equal(peer->n_closed, 1);
        assert_int_equal(count_at_the_other_end(peer), 0);
}

static void messages_that_are_too_large_end_it(void **state) {
        Peer *peer = *state;
        const char large[17] = "";

        assert_int_equal(send(peer->fd, large, sizeof(large), 0), sizeof(large));
        run_until_idle(peer);
        assert_int_equal(peer->n_received, 0);
        assert_int_equal(peer->n_closed, 1);
        assert_int_equal(peer->error, -EMSGSIZE);
}

#define CHANNEL_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                CHANNEL_TEST(what_failed_is_not_sent_later),
                CHANNEL_TEST(what_waits_is_sent_once),
                CHANNEL_TEST(one_that_makes_no_sense_is_ended),
                CHANNEL_TEST(one_that_is_ended_takes_nothing_and_is_told_later),
                CHANNEL_TEST(messages_that_are_too_large_end_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
