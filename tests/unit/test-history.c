/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "domain/history.h"

static void add(History *history, ExitResult result, int status, uint64_t usec) {
        history_add(history, (Exit){.result = result, .status = status, .timestamp_usec = usec});
        assert_true(history_is_valid(history));
}

static void check(const History *history, size_t i, int status, uint32_t n_times) {
        assert_true(i < history->n_entries);
        assert_int_equal(history->entries[i].status, status);
        assert_int_equal(history->entries[i].n_times, n_times);
}

static void the_newest_end_comes_first(void **state) {
        History history = {};

        add(&history, EXIT_CODE, 2, 10);
        add(&history, EXIT_SIGNAL, 11, 20);
        assert_int_equal(history.n_entries, 2);
        check(&history, 0, 11, 1);
        check(&history, 1, 2, 1);
}

static void equal_ends_in_a_row_are_one_entry(void **state) {
        History history = {};

        add(&history, EXIT_CODE, 2, 10);
        add(&history, EXIT_CODE, 2, 20);
        add(&history, EXIT_CODE, 2, 30);
        assert_int_equal(history.n_entries, 1);
        check(&history, 0, 2, 3);
        assert_int_equal(history.entries[0].first_usec, 10);
        assert_int_equal(history.entries[0].last_usec, 30);

        /* The same again, but not in a row. */
        add(&history, EXIT_CODE, 3, 40);
        add(&history, EXIT_CODE, 2, 50);
        assert_int_equal(history.n_entries, 3);
        check(&history, 0, 2, 1);
}

static void the_same_number_as_a_code_and_a_signal_is_not_the_same(void **state) {
        History history = {};

        add(&history, EXIT_CODE, 9, 10);
        add(&history, EXIT_SIGNAL, 9, 20);
        add(&history, EXIT_OOM_KILL, 9, 30);
        assert_int_equal(history.n_entries, 3);
}

static void stops_are_equal_however_the_tender_took_them(void **state) {
        History history = {};

        add(&history, EXIT_STOPPED, 15, 10);
        add(&history, EXIT_STOPPED, 1, 20);
        assert_int_equal(history.n_entries, 1);
        assert_int_equal(history.entries[0].n_times, 2);
}

static void the_oldest_one_makes_room(void **state) {
        History history = {};

        for (int status = 0; status < 20; status++)
                add(&history, EXIT_CODE, status, (uint64_t) status);
        assert_int_equal(history.n_entries, HISTORY_MAX);
        for (size_t i = 0; i < HISTORY_MAX; i++)
                check(&history, i, 19 - (int) i, 1);
}

static void no_end_is_no_entry(void **state) {
        History history = {};

        add(&history, EXIT_NONE, 0, 10);
        assert_int_equal(history.n_entries, 0);
}

static void the_count_does_not_wrap(void **state) {
        History history = {};

        add(&history, EXIT_CODE, 2, 10);
        history.entries[0].n_times = UINT32_MAX;
        add(&history, EXIT_CODE, 2, 20);
        check(&history, 0, 2, UINT32_MAX);
        assert_int_equal(history.entries[0].last_usec, 20);
}

/* What is kept is always the end of the list of all ends, run-length encoded. */
static void random_ends_are_kept_as_a_list_would(void **state) {
        History history = {};
        Exit ends[500];
        size_t n_ends = 0;

        srandom(8);
        while (n_ends < 500) {
                size_t at;

                ends[n_ends] = (Exit){.result = EXIT_CODE,
                                      .status = (int) (random() % 3),
                                      .timestamp_usec = n_ends};
                add(&history, EXIT_CODE, ends[n_ends].status, n_ends);
                at = ++n_ends;
                for (size_t i = 0; i < history.n_entries; i++) {
                        const HistoryEntry *entry = &history.entries[i];

                        assert_int_equal(entry->last_usec, at - 1);
                        for (uint32_t n = 0; n < entry->n_times; n++)
                                assert_int_equal(ends[--at].status, entry->status);
                        assert_int_equal(entry->first_usec, at);
                        assert_true(at == 0 || ends[at - 1].status != entry->status);
                }
                assert_true(at == 0 || history.n_entries == HISTORY_MAX);
        }
}

static void what_can_not_have_come_about_is_not_valid(void **state) {
        History history = {}, broken;

        add(&history, EXIT_CODE, 2, 10);
        add(&history, EXIT_CODE, 3, 20);

        broken = history;
        broken.n_entries = HISTORY_MAX + 1;
        assert_false(history_is_valid(&broken));
        broken = history;
        broken.entries[1].n_times = 0;
        assert_false(history_is_valid(&broken));
        broken = history;
        broken.entries[1].result = EXIT_NONE;
        assert_false(history_is_valid(&broken));
        broken = history;
        broken.entries[0].result = EXIT_N_RESULTS;
        assert_false(history_is_valid(&broken));
        broken = history;
        broken.entries[1].status = 3;
        assert_false(history_is_valid(&broken));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_newest_end_comes_first),
                cmocka_unit_test(equal_ends_in_a_row_are_one_entry),
                cmocka_unit_test(the_same_number_as_a_code_and_a_signal_is_not_the_same),
                cmocka_unit_test(stops_are_equal_however_the_tender_took_them),
                cmocka_unit_test(the_oldest_one_makes_room),
                cmocka_unit_test(no_end_is_no_entry),
                cmocka_unit_test(the_count_does_not_wrap),
                cmocka_unit_test(random_ends_are_kept_as_a_list_would),
                cmocka_unit_test(what_can_not_have_come_about_is_not_valid),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
