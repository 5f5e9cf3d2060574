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
#include "launcher/launcher.h"
#include "launcher/state.h"
#include "leases-close.h"

typedef struct Saved {
        StateHeader header;
        StateRecord records[3];
} Saved;

/* A tender at its gate, one that has ended, a probe. */
static Saved good(void) {
        Saved saved = {
                .header =
                        {
                                .magic = STATE_MAGIC,
                                .version = STATE_VERSION,
                                .n_records = 3,
                                .next_id = 100,
                                .listener_fd = 3,
                                .record_size = sizeof(StateRecord),
                        },
                .records =
                        {
                                {.id = 7, .kind = CHILD_TENDER, .state = LAUNCHER_AT_GATE},
                                {.id = 8, .kind = CHILD_TENDER, .state = LAUNCHER_ENDED},
                                {.kind = CHILD_PROBE, .state = LAUNCHER_RUNNING},
                        },
        };

        for (int i = 0; i < 3; i++) {
                bool ended = saved.records[i].state == LAUNCHER_ENDED;

                saved.records[i].pid = 1000 + i;
                saved.records[i].lock_fd = 10 + i;
                saved.records[i].end_fd = ended ? -1 : 20 + i;
                saved.records[i].gate_fd = ended ? -1 : 30 + i;
        }
        return saved;
}

static int check(const Saved *saved) {
        const StateHeader *header = NULL;
        const StateRecord *records = NULL;
        int r = state_check(saved, sizeof(*saved), &header, &records);

        if (r < 0)
                assert_true(!header && !records);
        else
                assert_true(header == &saved->header && records == saved->records);
        return r;
}

static void takes_a_whole_state(void **state) {
        const Saved saved = good();

        assert_int_equal(check(&saved), 0);
}

static void refuses_a_state_that_is_cut_or_continued(void **state) {
        Saved saved = good();
        const StateHeader *header = NULL;
        const StateRecord *records = NULL;

        for (size_t size = 0; size < sizeof(saved); size++)
                assert_int_equal(state_check(&saved, size, &header, &records), -EPROTO);
        saved.header.n_records = 2;
        assert_int_equal(check(&saved), -EPROTO);
        saved.header.n_records = UINT32_MAX;
        assert_int_equal(check(&saved), -EPROTO);
        assert_null(header);
}

#define assert_refused(change)                                                                     \
        do {                                                                                       \
                Saved saved = good();                                                              \
                change;                                                                            \
                assert_int_equal(check(&saved), -EPROTO);                                          \
        } while (0)

static void refuses_what_is_named_twice(void **state) {
        assert_refused(saved.records[1].id = saved.records[0].id);
        assert_refused(saved.records[2].end_fd = saved.records[0].end_fd);
        assert_refused(saved.records[2].gate_fd = saved.records[0].gate_fd);
        assert_refused(saved.records[0].gate_fd = saved.records[0].end_fd);
        assert_refused(saved.records[2].end_fd = saved.records[1].lock_fd);
        assert_refused(saved.records[0].end_fd = saved.header.listener_fd);
        assert_refused(saved.records[1].lock_fd = saved.header.listener_fd);
}

/* Those who run as one uid share its lock, and nobody else does. */
static void locks_are_shared_by_their_uid_only(void **state) {
        Saved saved = good();

        saved.records[0].uid = saved.records[2].uid = 61200;
        saved.records[1].uid = 61201;
        saved.records[2].lock_fd = saved.records[0].lock_fd;
        assert_int_equal(check(&saved), 0);
        saved.records[1].lock_fd = saved.records[0].lock_fd;
        assert_int_equal(check(&saved), -EPROTO);
}

static void refuses_headers_that_it_does_not_know(void **state) {
        assert_refused(saved.header.magic++);
        assert_refused(saved.header.version++);
        assert_refused(saved.header.version = 0);
        assert_refused(saved.header.record_size--);
        assert_refused(saved.header.next_id = 0);
        assert_refused(saved.header.listener_fd = -1);
}

static void refuses_records_that_can_not_be(void **state) {
        assert_refused(saved.records[0].kind = 0);
        assert_refused(saved.records[0].kind = CHILD_PROBE + 1);
        assert_refused(saved.records[0].state = 0);
        assert_refused(saved.records[0].state = LAUNCHER_ENDED + 1);
        assert_refused(saved.records[0].id = 0);
        assert_refused(saved.records[0].id = saved.header.next_id);
        assert_refused(saved.records[0].pid = 0);
        assert_refused(saved.records[0].pid = 1);
        assert_refused(saved.records[0].pid = -1);
        assert_refused(saved.records[0].lock_fd = -1);
        assert_refused(saved.records[0].end_fd = -1);
        assert_refused(saved.records[0].gate_fd = -1);
        assert_refused(saved.records[1].end_fd = 5);
        assert_refused(saved.records[1].gate_fd = 5);
        assert_refused(saved.records[2].id = 9);
        assert_refused(saved.records[2].state = LAUNCHER_ENDED);
        assert_refused(memset(saved.records[1].name, 'a', sizeof(saved.records[1].name)));
        assert_refused(memset(saved.records[1].scope, 'a', sizeof(saved.records[1].scope)));
}

static Launcher *launcher_new(const char *folder) {
        Launcher *launcher = calloc(1, sizeof(*launcher));

        assert_non_null(launcher);
        launcher->listener.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        launcher->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        list_init(&launcher->connections);
        child_table_init(&launcher->table, 1000);
        assert_int_equal(leases_open(&launcher->leases, folder, 100, 110), 0);
        return launcher;
}

static void launcher_free(Launcher *launcher) {
        LIST_FOREACH(link, &launcher->table.tenders)
        child_free(LIST_ENTRY(link, Child, link));
        leases_close(&launcher->leases);
        close(launcher->epoll_fd);
        close(launcher->listener.fd);
        free(launcher);
}

/* An ended tender, since a running one needs a process; what those need is tried for real. */
static void restores_what_it_has_saved(void **state) {
        char folder[] = "/tmp/test-launcher-state.XXXXXX";
        Launcher *before, *after;
        Child *child;
        int listener_fd = -1, fd;

        assert_non_null(mkdtemp(folder));
        before = launcher_new(folder);
        child = child_new(before, CHILD_TENDER);
        child->id = before->table.next_id++;
        child->pid = 4711;
        child->uid = 104;
        child->state = LAUNCHER_ENDED;
        child->start_ticks = 12345;
        child->wait_status = 3 << 8;
        child->journal_error = -ENOENT;
        child->usage.ru_maxrss = 77;
        (void) strcpy(child->name, "alice:web");
        (void) strcpy(child->scope, "albatross-alice:web.scope");
        assert_int_equal(lease_take_tender(&before->leases, 104), 0);
        child_insert(child);
        assert_int_equal(state_inherit(before, true), 0);
        assert_int_equal(fcntl(before->listener.fd, F_GETFD), 0);
        assert_int_equal(fcntl(lease_lock_fd(&before->leases, 104), F_GETFD), 0);
        fd = state_save(before);
        assert_true(fd >= 0);

        after = launcher_new(folder);
        assert_int_equal(state_restore(after, fd, &listener_fd), 0);
        assert_int_equal(listener_fd, before->listener.fd);
        assert_int_equal(after->table.next_id, 1001);
        assert_int_equal(after->table.n_tenders, 1);
        assert_int_equal(fcntl(lease_lock_fd(&after->leases, 104), F_GETFD), FD_CLOEXEC);
        child = child_table_find(&after->table, 1000);
        assert_non_null(child);
        assert_int_equal(child->pid, 4711);
        assert_int_equal(child->uid, 104);
        assert_int_equal(child->state, LAUNCHER_ENDED);
        assert_int_equal(child->start_ticks, 12345);
        assert_int_equal(child->wait_status, 3 << 8);
        assert_int_equal(child->journal_error, -ENOENT);
        assert_int_equal(child->usage.ru_maxrss, 77);
        assert_string_equal(child->name, "alice:web");
        assert_string_equal(child->scope, "albatross-alice:web.scope");
        assert_int_equal(lease_take_tender(&after->leases, 104), -EBUSY);

        /* One lock, of which both know here: it is given back once. */
        launcher_free(after);
        before->leases.leases[4].lock_fd = -1;
        launcher_free(before);
        close(fd);
        assert_int_equal(rmdir(folder), 0);
}

static void leaves_out_what_can_not_be_restored(void **state) {
        char folder[] = "/tmp/test-launcher-state.XXXXXX";
        _cleanup_(fd_closep) int fd = -1;
        Saved saved = good();
        int listener_fd = -1;
        Launcher *launcher;

        /* Uid 0 is in no range, and there are no such descriptors. */
        assert_non_null(mkdtemp(folder));
        launcher = launcher_new(folder);
        saved.header.listener_fd = launcher->listener.fd;
        for (int i = 0; i < 3; i++) {
                saved.records[i].lock_fd = 1000 + i;
                saved.records[i].end_fd = i == 1 ? -1 : 1010 + i;
        }
        fd = file_memfd("state", &saved, sizeof(saved));
        assert_int_equal(state_restore(launcher, fd, &listener_fd), 3);
        assert_int_equal(launcher->table.n_tenders, 0);
        assert_int_equal(launcher->table.n_probes, 0);
        launcher_free(launcher);
        assert_int_equal(rmdir(folder), 0);
}

static void finds_children_by_id_among_many(void **state) {
        char folder[] = "/tmp/test-launcher-state.XXXXXX";
        Launcher *launcher;

        assert_non_null(mkdtemp(folder));
        launcher = launcher_new(folder);
        for (int i = 0; i < 5000; i++) {
                Child *child = child_new(launcher, CHILD_TENDER);

                child->id = launcher->table.next_id++;
                child_insert(child);
        }
        assert_null(child_table_find(&launcher->table, 999));
        assert_null(child_table_find(&launcher->table, 6000));
        assert_null(child_table_find(&launcher->table, 0));
        assert_int_equal(child_table_find(&launcher->table, 1000)->id, 1000);
        child_free(child_table_find(&launcher->table, 3000));
        assert_null(child_table_find(&launcher->table, 3000));
        assert_int_equal(child_table_find(&launcher->table, 5999)->id, 5999);
        assert_int_equal(launcher->table.n_tenders, 4999);
        launcher_free(launcher);
        assert_int_equal(rmdir(folder), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_a_whole_state),
                cmocka_unit_test(refuses_a_state_that_is_cut_or_continued),
                cmocka_unit_test(refuses_what_is_named_twice),
                cmocka_unit_test(locks_are_shared_by_their_uid_only),
                cmocka_unit_test(refuses_headers_that_it_does_not_know),
                cmocka_unit_test(refuses_records_that_can_not_be),
                cmocka_unit_test(restores_what_it_has_saved),
                cmocka_unit_test(leaves_out_what_can_not_be_restored),
                cmocka_unit_test(finds_children_by_id_among_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
