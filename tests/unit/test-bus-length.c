/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "bus/length.h"

static sd_bus *bus;

static int open_bus(void **state) {
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 || sd_bus_new(&bus) < 0 ||
            sd_bus_set_fd(bus, ends[0], ends[0]) < 0)
                return -1;
        return sd_bus_start(bus) < 0 ? -1 : 0;
}

static int close_bus(void **state) {
        sd_bus_close_unref(bus);
        return 0;
}

static sd_bus_message *new_call(const char *path) {
        sd_bus_message *message = NULL;

        assert_true(sd_bus_message_new_method_call(bus, &message, "org.albatross", path,
                                                   "org.albatross.Manager", "StopUnikernel") >= 0);
        return message;
}

static bool is_longer(sd_bus_message *message, size_t max) {
        const char *first;
        bool longer;

        assert_true(sd_bus_message_seal(message, 1, 0) >= 0);
        longer = message_is_longer(message, max);
        /* It can be read from its beginning. */
        if (!sd_bus_message_is_empty(message)) {
                assert_true(sd_bus_message_read_basic(message, 's', &first) > 0);
                assert_string_equal(first, "web");
        }
        sd_bus_message_unref(message);
        return longer;
}

static sd_bus_message *new_stop(const char *text) {
        sd_bus_message *message = new_call("/org/albatross");

        assert_true(sd_bus_message_append(message, "sa{sv}", "web", 2, "A", "s", text, "B",
                                          "(sasay)", "x", 2, "y", "z", 3, 1, 2, 3) >= 0);
        return message;
}

static void a_call_as_they_are_is_short(void **state) {
        assert_false(is_longer(new_call("/"), 1));
        assert_false(is_longer(new_stop("--port=80"), MESSAGE_LENGTH_MAX));
        assert_false(is_longer(new_stop("--port=80"), 512));
}

static void text_deep_within_counts(void **state) {
        char *text = calloc(1, MESSAGE_LENGTH_MAX + 1);

        assert_non_null(text);
        memset(text, 'x', MESSAGE_LENGTH_MAX);
        assert_true(is_longer(new_stop(text), MESSAGE_LENGTH_MAX));
        text[MESSAGE_LENGTH_MAX - 512] = '\0';
        assert_false(is_longer(new_stop(text), MESSAGE_LENGTH_MAX));
        free(text);
}

static void so_do_many_small_values(void **state) {
        sd_bus_message *message = new_call("/org/albatross");

        assert_true(sd_bus_message_append(message, "s", "web") >= 0);
        assert_true(sd_bus_message_open_container(message, 'a', "u") >= 0);
        for (uint32_t i = 0; i < MESSAGE_LENGTH_MAX / 4; i++)
                assert_true(sd_bus_message_append(message, "u", i) >= 0);
        assert_true(sd_bus_message_close_container(message) >= 0);
        assert_true(is_longer(message, MESSAGE_LENGTH_MAX));
}

static void and_the_path_of_the_object(void **state) {
        char path[2000] = "/";

        memset(path + 1, 'x', sizeof(path) - 2);
        assert_true(is_longer(new_call(path), 1000));
        assert_false(is_longer(new_call(path), 2000));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_call_as_they_are_is_short),
                cmocka_unit_test(text_deep_within_counts),
                cmocka_unit_test(so_do_many_small_values),
                cmocka_unit_test(and_the_path_of_the_object),
        };

        return cmocka_run_group_tests(tests, open_bus, close_bus);
}
