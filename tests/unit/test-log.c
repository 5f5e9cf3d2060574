/* SPDX-License-Identifier: ISC */

/* What is said reaches a journal, whole and in its order; and a journal that takes nothing delays
 * nobody. The journal is a socket of the test's. */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "systemd/log.h"

#define ID "2378c0b1749d42cc865bde351a1f173d"

typedef struct Journal {
        char folder[sizeof("/tmp/test-log-XXXXXX")];
        char path[64];
        int fd;
        sd_event *event;
        char entry[LOG_ENTRY_MAX];
        size_t size;
} Journal;

static void journal_listen(Journal *journal) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        strcpy(address.sun_path, journal->path);
        journal->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(journal->fd >= 0);
        assert_return_code(bind(journal->fd, (struct sockaddr *) &address, sizeof(address)), errno);
}

static int journal_begin(void **state) {
        Journal *journal = calloc(1, sizeof(*journal));

        strcpy(journal->folder, "/tmp/test-log-XXXXXX");
        assert_non_null(mkdtemp(journal->folder));
        snprintf(journal->path, sizeof(journal->path), "%s/socket", journal->folder);
        journal_listen(journal);
        assert_return_code(sd_event_new(&journal->event), 0);
        assert_return_code(log_open("test", journal->path), 0);
        assert_return_code(log_attach(journal->event), 0);
        assert_return_code(log_set_level("info"), 0);
        *state = journal;
        return 0;
}

static int journal_end(void **state) {
        Journal *journal = *state;

        log_close();
        sd_event_unref(journal->event);
        close(journal->fd);
        unlink(journal->path);
        rmdir(journal->folder);
        free(journal);
        return 0;
}

/* The next entry; false when there is none. */
static bool journal_next(Journal *journal) {
        ssize_t n = recv(journal->fd, journal->entry, sizeof(journal->entry), 0);

        journal->size = n > 0 ? (size_t) n : 0;
        return n > 0;
}

/* Its field of that name; the caller frees it. NULL: it has none. */
static char *field(const Journal *journal, const char *name) {
        const char *p = journal->entry, *end = p + journal->size;

        while (p < end) {
                const char *newline = memchr(p, '\n', (size_t) (end - p));
                uint64_t size;

                assert_non_null(newline);
                assert_true((size_t) (end - newline) > sizeof(size) + 1);
                memcpy(&size, newline + 1, sizeof(size));
                size = le64toh(size);
                assert_true(size < (size_t) (end - newline) - sizeof(size));
                if ((size_t) (newline - p) == strlen(name) && memcmp(p, name, strlen(name)) == 0)
                        return strndup(newline + 1 + sizeof(size), size);
                p = newline + 1 + sizeof(size) + size;
                assert_int_equal(*p++, '\n');
        }
        return NULL;
}

static void assert_field(const Journal *journal, const char *name, const char *expected) {
        _cleanup_(freep) char *value = field(journal, name);

        if (!expected)
                assert_null(value);
        else {
                assert_non_null(value);
                assert_string_equal(value, expected);
        }
}

static void a_text_and_its_fields_arrive(void **state) {
        Journal *journal = *state;
        LogEntry entry;

        log_begin(&entry, LOG_NOTICE, ID);
        log_field(&entry, "ALBATROSS_UNIKERNEL", "%s:%s", "alice", "web");
        log_send(&entry, "it has %u", 7U);

        assert_true(journal_next(journal));
        assert_field(journal, "MESSAGE", "it has 7");
        assert_field(journal, "MESSAGE_ID", ID);
        assert_field(journal, "PRIORITY", "5");
        assert_field(journal, "SYSLOG_IDENTIFIER", "test");
        assert_field(journal, "SYSLOG_FACILITY", NULL);
        assert_field(journal, "ALBATROSS_UNIKERNEL", "alice:web");
        assert_false(journal_next(journal));
}

static void a_value_with_newlines_makes_no_field_of_its_own(void **state) {
        Journal *journal = *state;

        log_print(LOG_AUTHPRIV | LOG_ERR, "%s", "one\nMESSAGE_ID=" ID "\n");
        assert_true(journal_next(journal));
        assert_field(journal, "MESSAGE", "one\nMESSAGE_ID=" ID "\n");
        assert_field(journal, "MESSAGE_ID", NULL);
        assert_field(journal, "PRIORITY", "3");
        assert_field(journal, "SYSLOG_FACILITY", "10");
}

static void what_is_too_long_is_cut_and_the_text_still_there(void **state) {
        Journal *journal = *state;
        char text[2 * LOG_ENTRY_MAX];
        LogEntry entry;

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        log_begin(&entry, LOG_INFO, NULL);
        log_field(&entry, "ALBATROSS_LONG", "%s", text);
        log_field(&entry, "ALBATROSS_LONG_TOO", "%s", text);
        log_send(&entry, "%s", text);
        assert_true(journal_next(journal));
        assert_field(journal, "PRIORITY", "6");
        text[LOG_TEXT_MAX] = '\0';
        assert_field(journal, "MESSAGE", text);
}

static void what_is_below_the_level_is_not_said(void **state) {
        Journal *journal = *state;
        LogEntry entry;

        log_print(LOG_DEBUG, "quiet");
        assert_false(journal_next(journal));
        assert_return_code(log_set_level("debug"), 0);
        assert_string_equal(log_level_to_string(), "debug");
        log_print(LOG_DEBUG, "loud");
        assert_true(journal_next(journal));
        assert_return_code(log_set_level("emerg"), 0);
        log_print(LOG_ERR, "quiet");
        assert_false(journal_next(journal));
        log_begin(&entry, LOG_INFO, NULL);
        entry.is_kept = true;
        log_send(&entry, "always");
        assert_true(journal_next(journal));
        assert_field(journal, "MESSAGE", "always");
}

static void no_other_words_are_levels_or_targets(void **state) {
        const char *const words[] = {"", "INFO", "7", "info ", "debugging", "null"};

        for (size_t i = 0; i < N_ELEMENTS(words); i++) {
                assert_int_equal(log_set_level(words[i]), -EINVAL);
                assert_int_equal(log_set_target(words[i]), -EINVAL);
        }
        assert_string_equal(log_level_to_string(), "info");
        assert_string_equal(log_target_to_string(), "journal");
}

/* Until the socket takes no more, and more. Returns how long the longest took. */
static uint64_t say_many(unsigned n) {
        uint64_t longest_nsec = 0;

        for (unsigned i = 0; i < n; i++) {
                struct timespec before, after;
                uint64_t nsec;

                clock_gettime(CLOCK_MONOTONIC, &before);
                log_print(LOG_INFO, "%u", i);
                clock_gettime(CLOCK_MONOTONIC, &after);
                nsec = (uint64_t) (after.tv_sec - before.tv_sec) * 1000000000U +
                       (uint64_t) after.tv_nsec - (uint64_t) before.tv_nsec;
                longest_nsec = nsec > longest_nsec ? nsec : longest_nsec;
        }
        return longest_nsec;
}

/* Runs the loop and reads until nothing comes. Returns how many there were; they are in order. */
static unsigned read_all(Journal *journal, char ret_last[static 128]) {
        unsigned n = 0;

        for (;;) {
                _cleanup_(freep) char *text = NULL;

                assert_return_code(sd_event_run(journal->event, 0), 0);
                if (!journal_next(journal))
                        return n;
                text = field(journal, "MESSAGE");
                assert_non_null(text);
                snprintf(ret_last, 128, "%s", text);
                if (strtoul(text, NULL, 10) == n)
                        n++;
                else
                        return n;
        }
}

static void a_journal_that_takes_nothing_delays_nobody(void **state) {
        Journal *journal = *state;
        char last[128] = "";

        assert_true(say_many(1000) < 1000000000U);
        assert_int_equal(read_all(journal, last), 1000);
        assert_string_equal(last, "999");
        /* And all is as before. */
        log_print(LOG_INFO, "0");
        assert_int_equal(read_all(journal, last), 1);
}

static void what_is_lost_is_counted(void **state) {
        Journal *journal = *state;
        char last[128] = "";
        unsigned n;

        assert_true(say_many(20000) < 1000000000U);
        n = read_all(journal, last);
        assert_in_range(n, 1000, 19999);
        {
                char expected[128];

                snprintf(expected, sizeof(expected),
                         "journald was too slow, %u messages of ours were lost", 20000 - n);
                assert_string_equal(last, expected);
        }
        assert_false(journal_next(journal));
}

static void a_socket_that_is_made_anew_is_found(void **state) {
        Journal *journal = *state;

        close(journal->fd);
        unlink(journal->path);
        log_print(LOG_INFO, "to nobody");
        journal_listen(journal);
        log_print(LOG_INFO, "to somebody");
        assert_true(journal_next(journal));
        assert_field(journal, "MESSAGE", "to somebody");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_text_and_its_fields_arrive, journal_begin,
                                                journal_end),
                cmocka_unit_test_setup_teardown(a_value_with_newlines_makes_no_field_of_its_own,
                                                journal_begin, journal_end),
                cmocka_unit_test_setup_teardown(what_is_too_long_is_cut_and_the_text_still_there,
                                                journal_begin, journal_end),
                cmocka_unit_test_setup_teardown(what_is_below_the_level_is_not_said, journal_begin,
                                                journal_end),
                cmocka_unit_test_setup_teardown(no_other_words_are_levels_or_targets, journal_begin,
                                                journal_end),
                cmocka_unit_test_setup_teardown(a_journal_that_takes_nothing_delays_nobody,
                                                journal_begin, journal_end),
                cmocka_unit_test_setup_teardown(what_is_lost_is_counted, journal_begin,
                                                journal_end),
                cmocka_unit_test_setup_teardown(a_socket_that_is_made_anew_is_found, journal_begin,
                                                journal_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
