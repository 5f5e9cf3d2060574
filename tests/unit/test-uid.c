/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "host/uid.h"

#define MIN 1000U
#define MAX 1009U

static UidPool *filled_pool(void) {
        uint32_t uids[16];
        UidPool *pool;
        size_t n;

        assert_int_equal(uid_pool_new(&pool, MIN, MAX), 0);
        n = uid_pool_candidates(pool, uids, 16);
        assert_int_equal(n, 10);
        assert_int_equal(uids[0], MIN);
        assert_int_equal(uids[9], MAX);
        uid_pool_add(pool, uids, n);
        return pool;
}

static void nothing_is_free_before_it_was_asked_about(void **state) {
        uint32_t uids[3], uid = 7;
        UidPool *pool;

        assert_int_equal(uid_pool_new(&pool, MIN, MAX), 0);
        assert_int_equal(uid_pool_take(pool, &uid), -EAGAIN);
        assert_int_equal(uid, 7);
        /* An answer about what nobody asked for is not believed. */
        uid_pool_add(pool, (uint32_t[]){MIN, 0, UINT32_MAX, MAX + 1}, 4);
        assert_int_equal(uid_pool_n_free(pool), 0);
        assert_int_equal(uid_pool_candidates(pool, uids, 3), 3);
        uid_pool_add(pool, uids + 1, 1);
        assert_int_equal(uid_pool_take(pool, &uid), 0);
        assert_int_equal(uid, MIN + 1);
        uid_pool_free(pool);
}

static void each_is_taken_once_and_reused_as_late_as_possible(void **state) {
        UidPool *pool = filled_pool();
        uint32_t uid;

        for (uint32_t expected = MIN; expected <= MAX; expected++) {
                assert_int_equal(uid_pool_take(pool, &uid), 0);
                assert_int_equal(uid, expected);
        }
        assert_int_equal(uid_pool_take(pool, &uid), -EAGAIN);
        uid_pool_release(pool, 1005);
        uid_pool_release(pool, 1002);
        uid_pool_release(pool, 1002);
        assert_int_equal(uid_pool_n_free(pool), 2);
        assert_int_equal(uid_pool_take(pool, &uid), 0);
        assert_int_equal(uid, 1005);
        uid_pool_free(pool);
}

static void what_was_claimed_is_not_given_out(void **state) {
        UidPool *pool = filled_pool();
        uint32_t uid;

        uid_pool_claim(pool, MIN);
        uid_pool_claim(pool, 1004);
        uid_pool_claim(pool, 5);
        assert_int_equal(uid_pool_n_free(pool), 8);
        for (unsigned i = 0; i < 8; i++) {
                assert_int_equal(uid_pool_take(pool, &uid), 0);
                assert_int_not_equal(uid, MIN);
                assert_int_not_equal(uid, 1004);
        }
        uid_pool_release(pool, 1004);
        assert_int_equal(uid_pool_take(pool, &uid), 0);
        assert_int_equal(uid, 1004);
        uid_pool_free(pool);
}

static void what_was_claimed_before_it_was_asked_about_stays_claimed(void **state) {
        uint32_t uids[16];
        UidPool *pool;

        assert_int_equal(uid_pool_new(&pool, MIN, MAX), 0);
        uid_pool_claim(pool, 1003);
        assert_int_equal(uid_pool_candidates(pool, uids, 16), 9);
        assert_int_equal(uids[3], 1004);
        uid_pool_release(pool, 1003);
        assert_int_equal(uid_pool_n_free(pool), 1);
        uid_pool_free(pool);
}

static void what_was_not_answered_is_asked_about_again(void **state) {
        uint32_t uids[16], uid;
        UidPool *pool;

        assert_int_equal(uid_pool_new(&pool, MIN, MAX), 0);
        assert_int_equal(uid_pool_candidates(pool, uids, 4), 4);
        uid_pool_add(pool, uids, 1);
        assert_int_equal(uid_pool_take(pool, &uid), 0);
        uid_pool_claim(pool, MIN + 1);
        uid_pool_ask_again(pool);
        /* Not what is in use, by whomever. */
        assert_int_equal(uid_pool_candidates(pool, uids, 16), 8);
        assert_int_equal(uids[0], MIN + 2);
        assert_int_equal(uids[7], MAX);
        assert_int_equal(uid_pool_candidates(pool, uids, 16), 0);
        uid_pool_free(pool);
}

static void an_empty_range_is_refused(void **state) {
        UidPool *pool = NULL;

        assert_int_equal(uid_pool_new(&pool, 5, 4), -EINVAL);
        assert_int_equal(uid_pool_new(&pool, 0, 4), -EINVAL);
        assert_null(pool);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_is_free_before_it_was_asked_about),
                cmocka_unit_test(each_is_taken_once_and_reused_as_late_as_possible),
                cmocka_unit_test(what_was_claimed_is_not_given_out),
                cmocka_unit_test(what_was_claimed_before_it_was_asked_about_stays_claimed),
                cmocka_unit_test(what_was_not_answered_is_asked_about_again),
                cmocka_unit_test(an_empty_range_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
