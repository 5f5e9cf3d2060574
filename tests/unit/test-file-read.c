/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"

static void a_pipe_is_read_to_its_end(void **state) {
        _cleanup_(freep) char *text = NULL;
        size_t size = 0;
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(write(ends[1], "all", 3), 3);
        close(ends[1]);
        assert_int_equal(file_read_fd(ends[0], 8, &text, &size), 0);
        assert_int_equal(size, 3);
        assert_string_equal(text, "all");
        close(ends[0]);
}

/* As while a child that is being executed still has the other end. */
static void a_pipe_that_does_not_block_is_read_as_far_as_there_is_something(void **state) {
        _cleanup_(freep) char *text = NULL;
        size_t size = 0;
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(write(ends[1], "all", 3), 3);
        assert_int_equal(file_read_fd(ends[0], 8, &text, &size), 0);
        assert_int_equal(size, 3);
        assert_string_equal(text, "all");
        close(ends[0]);
        close(ends[1]);
}

static void more_than_is_allowed_is_refused(void **state) {
        char *text = NULL;
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(write(ends[1], "four", 4), 4);
        assert_int_equal(file_read_fd(ends[0], 3, &text, NULL), -EFBIG);
        close(ends[0]);
        close(ends[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_pipe_is_read_to_its_end),
                cmocka_unit_test(a_pipe_that_does_not_block_is_read_as_far_as_there_is_something),
                cmocka_unit_test(more_than_is_allowed_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
