/* SPDX-License-Identifier: ISC */

/* What albatross-console writes, read back by what albatrossctl reads it with. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ctl/export.h"
#include "systemd/console-export.h"

static const char hostile[] = "caf\303\251\n__REALTIME_TIMESTAMP=1\n\n\033[2J\0end\377\n";

static void expect_raw(const void *value, size_t size, const void *expected, size_t n_expected) {
        ConsoleExport export = {.fd = -1};
        char raw[256];
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        export.fd = fds[1];
        assert_int_equal(console_export_field(&export, "F", value, size), 0);
        assert_int_equal(console_export_end(&export), 0);
        assert_int_equal(console_export_flush(&export), 0);
        assert_int_equal(read(fds[0], raw, sizeof(raw)), n_expected);
        assert_memory_equal(raw, expected, n_expected);
        console_export_done(&export);
        close(fds[0]);
        close(fds[1]);
}

static void writes_text_as_text_and_the_rest_by_its_length(void **state) {
        expect_raw("a = b\t~", 7, "F=a = b\t~\n\n", 11);
        expect_raw("", 0, "F=\n\n", 4);
        expect_raw("a\nb", 3, "F\n\3\0\0\0\0\0\0\0a\nb\n\n", 15);
        expect_raw("\0", 1, "F\n\1\0\0\0\0\0\0\0\0\n\n", 13);
        expect_raw("\177", 1, "F\n\1\0\0\0\0\0\0\0\177\n\n", 13);
        expect_raw("\303\251", 2, "F\n\2\0\0\0\0\0\0\0\303\251\n\n", 14);
}

static void is_read_back_as_it_was(void **state) {
        enum { N = 5000 };
        ConsoleExport export = {.fd = -1};
        ExportReader reader = {};
        static ExportEntry entry;
        int fds[2], status, n;
        pid_t writer;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        writer = fork();
        assert_true(writer >= 0);
        if (writer == 0) {
                export.fd = fds[1];
                /* A pipe that is full sooner or later, and does not block. */
                fcntl(fds[1], F_SETFL, O_NONBLOCK);
                for (int i = 0; i < N; i++)
                        if (console_export_field(&export, "NUMBER", &i, sizeof(i)) < 0 ||
                            console_export_field(&export, "MESSAGE", hostile,
                                                 (size_t) i % sizeof(hostile)) < 0 ||
                            console_export_end(&export) < 0)
                                _exit(1);
                _exit(console_export_flush(&export) < 0);
        }
        close(fds[1]);

        reader.fd = fds[0];
        for (n = 0; export_next(&reader, &entry) == 1; n++) {
                assert_int_equal(entry.n_fields, 2);
                assert_memory_equal(export_find(&entry, "NUMBER")->value, &n, sizeof(n));
                assert_int_equal(export_find(&entry, "MESSAGE")->value_size,
                                 (size_t) n % sizeof(hostile));
                assert_memory_equal(export_find(&entry, "MESSAGE")->value, hostile,
                                    (size_t) n % sizeof(hostile));
        }
        assert_int_equal(n, N);
        assert_true(reader.at_end);
        assert_int_equal(waitpid(writer, &status, 0), writer);
        assert_int_equal(status, 0);
        export_done(&reader);
        close(fds[0]);
}

static void says_when_nobody_reads_any_more(void **state) {
        ConsoleExport export = {.fd = -1};
        int fds[2], r = 0;

        signal(SIGPIPE, SIG_IGN);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        close(fds[0]);
        export.fd = fds[1];
        assert_int_equal(console_export_flush(&export), 0);
        /* At the latest when it is worth a write. */
        for (size_t i = 0; i < 10000 && r == 0; i++) {
                assert_int_equal(console_export_field(&export, "F", "some text", 9), 0);
                r = console_export_end(&export);
        }
        assert_int_equal(r, -EPIPE);
        console_export_done(&export);
        close(fds[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_text_as_text_and_the_rest_by_its_length),
                cmocka_unit_test(is_read_back_as_it_was),
                cmocka_unit_test(says_when_nobody_reads_any_more),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
