/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ctl/export.h"

/* A reader of @data, which comes out of a pipe. */
typedef struct Source {
        ExportReader reader;
        int write_fd;
} Source;

static void source_done(Source *source) {
        fd_close(source->reader.fd);
        fd_close(source->write_fd);
        export_done(&source->reader);
}

static void source_make(Source *ret) {
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        *ret = (Source){.reader = {.fd = ends[0]}, .write_fd = ends[1]};
}

static void source_put(Source *source, const void *data, size_t size) {
        assert_int_equal(file_write_all(source->write_fd, data, size), 0);
}

static void source_end(Source *source) {
        source->write_fd = fd_close(source->write_fd);
}

static void assert_field(const ExportEntry *entry,
                         const char *name,
                         const char *value,
                         size_t size) {
        const ExportField *field = export_find(entry, name);

        assert_non_null(field);
        assert_int_equal(field->value_size, size);
        assert_memory_equal(field->value, value, size);
}

#define TWO_ENTRIES                                                                                \
        "__REALTIME_TIMESTAMP=12\nMESSAGE=one\n\n"                                                 \
        "MESSAGE\n\x05\0\0\0\0\0\0\0t\nwo\xff\n_PID=7\n\n"

static void reads_text_and_binary_fields(void **state) {
        _cleanup_(source_done) Source source;
        ExportEntry entry;

        source_make(&source);
        source_put(&source, TWO_ENTRIES, sizeof(TWO_ENTRIES) - 1);
        source_end(&source);

        assert_int_equal(export_next(&source.reader, &entry), 1);
        assert_int_equal(entry.n_fields, 2);
        assert_field(&entry, "__REALTIME_TIMESTAMP", "12", 2);
        assert_field(&entry, "MESSAGE", "one", 3);
        assert_null(export_find(&entry, "MESS"));
        assert_null(export_find(&entry, "_PID"));

        assert_int_equal(export_next(&source.reader, &entry), 1);
        assert_field(&entry, "MESSAGE", "t\nwo\xff", 5);
        assert_field(&entry, "_PID", "7", 1);

        assert_int_equal(export_next(&source.reader, &entry), 0);
        assert_int_equal(export_next(&source.reader, &entry), 0);
}

/* However the pipe cuts it into pieces. */
static void reads_the_same_byte_by_byte(void **state) {
        _cleanup_(source_done) Source source;
        unsigned n_entries = 0;
        ExportEntry entry;

        source_make(&source);
        for (size_t i = 0; i < sizeof(TWO_ENTRIES) - 1; i++) {
                source_put(&source, &TWO_ENTRIES[i], 1);
                assert_int_equal(export_fill(&source.reader), 1);
                if (export_take(&source.reader, &entry) > 0)
                        n_entries++;
        }
        assert_int_equal(n_entries, 2);
        assert_field(&entry, "MESSAGE", "t\nwo\xff", 5);
        source_end(&source);
        assert_int_equal(export_fill(&source.reader), 0);
}

static void an_empty_value_and_an_equals_sign_are_fine(void **state) {
        static const char data[] = "MESSAGE=\nA=b=c\nB\n\0\0\0\0\0\0\0\0\n\n";
        _cleanup_(source_done) Source source;
        ExportEntry entry;

        source_make(&source);
        source_put(&source, data, sizeof(data) - 1);
        source_end(&source);
        assert_int_equal(export_next(&source.reader, &entry), 1);
        assert_field(&entry, "MESSAGE", "", 0);
        assert_field(&entry, "A", "b=c", 3);
        assert_field(&entry, "B", "", 0);
}

static void nothing_at_all_is_an_end(void **state) {
        _cleanup_(source_done) Source source;
        ExportEntry entry;

        source_make(&source);
        source_put(&source, "\n\n\n", 3);
        source_end(&source);
        assert_int_equal(export_next(&source.reader, &entry), 0);
}

static void refuse(const char *data, size_t size, int expected) {
        _cleanup_(source_done) Source source;
        ExportEntry entry;

        source_make(&source);
        source_put(&source, data, size);
        source_end(&source);
        assert_int_equal(export_next(&source.reader, &entry), expected);
}

#define REFUSE(data, expected) refuse(data, sizeof(data) - 1, expected)

static void refuses_what_breaks_off(void **state) {
        REFUSE("MESSAGE", -EBADMSG);
        REFUSE("MESSAGE=a", -EBADMSG);
        REFUSE("MESSAGE=a\n", -EBADMSG);
        REFUSE("MESSAGE\n", -EBADMSG);
        REFUSE("MESSAGE\n\x05\0\0\0", -EBADMSG);
        REFUSE("MESSAGE\n\x05\0\0\0\0\0\0\0abc", -EBADMSG);
        REFUSE("MESSAGE\n\x05\0\0\0\0\0\0\0abcde", -EBADMSG);
}

static void refuses_what_is_no_field(void **state) {
        REFUSE("=a\n\n", -EBADMSG);
        REFUSE("MESSAGE\n\x02\0\0\0\0\0\0\0abX\n\n", -EBADMSG);
}

static void refuses_lengths_that_can_not_be(void **state) {
        REFUSE("MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff\n\n", -EMSGSIZE);
        REFUSE("MESSAGE\n\x01\0\x80\0\0\0\0\0\n\n", -EMSGSIZE);
}

static void refuses_more_fields_than_it_keeps(void **state) {
        _cleanup_(source_done) Source source;
        ExportEntry entry;

        source_make(&source);
        for (size_t i = 0; i <= EXPORT_FIELDS_MAX; i++)
                source_put(&source, "A=b\n", 4);
        source_put(&source, "\n", 1);
        source_end(&source);
        assert_int_equal(export_next(&source.reader, &entry), -EMSGSIZE);
}

static void keeps_many_entries_apart(void **state) {
        _cleanup_(source_done) Source source;
        unsigned n_read = 0;
        ExportEntry entry;
        char text[64];

        source_make(&source);
        for (unsigned i = 0; i < 100000; i++) {
                int size = snprintf(text, sizeof(text), "MESSAGE=line %u\n\n", i);

                source_put(&source, text, (size_t) size);
                /* The pipe holds some, the buffer the rest. */
                if (i % 1000 < 999)
                        continue;
                assert_int_equal(export_fill(&source.reader), 1);
                while (export_take(&source.reader, &entry) > 0) {
                        size = snprintf(text, sizeof(text), "line %u", n_read++);
                        assert_field(&entry, "MESSAGE", text, (size_t) size);
                }
        }
        assert_int_equal(n_read, 100000);
}

static void an_error_of_the_descriptor_is_told(void **state) {
        ExportReader reader = {.fd = -1};

        assert_int_equal(export_fill(&reader), -EBADF);
        export_done(&reader);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_text_and_binary_fields),
                cmocka_unit_test(reads_the_same_byte_by_byte),
                cmocka_unit_test(an_empty_value_and_an_equals_sign_are_fine),
                cmocka_unit_test(nothing_at_all_is_an_end),
                cmocka_unit_test(refuses_what_breaks_off),
                cmocka_unit_test(refuses_what_is_no_field),
                cmocka_unit_test(refuses_lengths_that_can_not_be),
                cmocka_unit_test(refuses_more_fields_than_it_keeps),
                cmocka_unit_test(keeps_many_entries_apart),
                cmocka_unit_test(an_error_of_the_descriptor_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
