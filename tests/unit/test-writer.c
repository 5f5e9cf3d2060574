/* SPDX-License-Identifier: ISC */

/* What albatross-writer does for the daemon. */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/packet.h"
#include "writer-run.h"

static mode_t mode_of(const char *path) {
        struct stat st;

        assert_int_equal(fstatat(directory_fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
        return st.st_mode & 07777;
}

static void puts_whole_files(void **state) {
        WriterRequest it = request(WRITER_PUT, WRITER_UNIKERNELS, "alice:web.json");

        assert_int_equal(ask(it, "first", 5), 0);
        expect_content("unikernels/alice:web.json", "first");
        assert_int_equal(mode_of("unikernels/alice:web.json"), 0600);
        assert_int_equal(ask(it, "2", 1), 0);
        expect_content("unikernels/alice:web.json", "2");
        assert_int_equal(ask(request(WRITER_PUT, WRITER_POLICIES, "alice.json"), "", 0), 0);
        expect_content("policies/alice.json", "");
        assert_int_equal(count_files("tmp"), 0);
        assert_int_equal(mode_of("unikernels"), 0700);
}

static void puts_the_largest_file(void **state) {
        static char data[WRITER_DATA_MAX];
        _cleanup_(freep) char *back = NULL;
        size_t size;

        memset(data, 'x', sizeof(data));
        assert_int_equal(ask(request(WRITER_PUT, WRITER_UNIKERNELS, "a"), data, sizeof(data)), 0);
        assert_int_equal(file_read_at(directory_fd, "unikernels/a", 1 << 20, &back, &size), 0);
        assert_int_equal(size, sizeof(data));
        assert_memory_equal(back, data, size);
}

static void removes_what_is_there_and_what_is_not(void **state) {
        WriterRequest it = request(WRITER_REMOVE, WRITER_UNIKERNELS, "alice");

        assert_int_equal(ask(it, NULL, 0), 0);
        assert_int_equal(ask(request(WRITER_PUT, WRITER_UNIKERNELS, "alice"), "x", 1), 0);
        assert_int_equal(ask(it, NULL, 0), 0);
        expect_missing("unikernels/alice");
        /* A folder is none of ours. */
        assert_int_equal(mkdirat(directory_fd, "unikernels/alice", 0700), 0);
        assert_int_equal(ask(it, NULL, 0), -EISDIR);
}

static void publishes_a_temporary_file(void **state) {
        char back[16] = "";
        Answer answer;

        make_temporary("7", "image");
        expect_content("tmp/7", "image");
        answer = publish("7", "digest");
        assert_int_equal(answer.reply.error, 0);
        assert_int_equal(fcntl(answer.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
        assert_int_equal(read(answer.fd, back, sizeof(back)), 5);
        assert_string_equal(back, "image");
        fd_close(answer.fd);
        assert_int_equal(mode_of("images/digest"), 0444);
        expect_missing("tmp/7");
}

static void lets_win_what_was_published_first(void **state) {
        char back[16] = "";
        Answer answer;

        make_temporary("1", "first");
        make_temporary("2", "second");
        fd_close(publish("1", "digest").fd);
        answer = publish("2", "digest");
        assert_int_equal(answer.reply.error, 0);
        assert_int_equal(read(answer.fd, back, sizeof(back)), 5);
        assert_string_equal(back, "first");
        fd_close(answer.fd);
        assert_int_equal(count_files("tmp"), 0);
}

static void publishes_many_files_at_once(void **state) {
        enum { N = 40 };
        uint64_t serials[N + 1], n_first = 0;
        char name[16];

        make_temporary("first", "old");
        fd_close(publish("first", "0").fd);
        for (int i = 0; i < N; i++) {
                snprintf(name, sizeof(name), "%d", i);
                make_temporary(name, name);
        }
        /* Each target twice; and the one that is there goes just before. */
        serials[N] = submit(request(WRITER_REMOVE, WRITER_IMAGES, "0"), NULL, 0);
        for (int i = 0; i < N; i++) {
                WriterRequest it;

                snprintf(name, sizeof(name), "%d", i);
                it = request(WRITER_PUBLISH, WRITER_IMAGES, name);
                snprintf(it.target, sizeof(it.target), "%d", i / 2);
                serials[i] = submit(it, NULL, 0);
        }

        assert_int_equal(take_answer(serials[N]).reply.error, 0);
        for (int i = 0; i < N; i++) {
                Answer answer = take_answer(serials[i]);
                char back[16] = "";

                assert_int_equal(answer.reply.error, 0);
                assert_true(read(answer.fd, back, sizeof(back)) > 0);
                n_first += (uint64_t) (atoi(back) == i / 2 * 2);
                fd_close(answer.fd);
        }
        assert_int_equal(n_first, N);
        assert_int_equal(count_files("images"), N / 2);
        assert_int_equal(count_files("tmp"), 0);
}

static void makes_a_temporary_file_only_once(void **state) {
        make_temporary("7", "mine");
        assert_int_equal(ask(request(WRITER_TEMPORARY, 0, "7"), NULL, 0), -EEXIST);
        expect_content("tmp/7", "mine");
        /* A name that the writer would have taken itself. */
        make_temporary("staged.0", "mine");
        assert_int_equal(ask(request(WRITER_PUT, WRITER_UNIKERNELS, "a"), "x", 1), 0);
        expect_content("tmp/staged.0", "mine");
        expect_content("unikernels/a", "x");
}

static void quarantines_but_never_over_another_one(void **state) {
        WriterRequest it = request(WRITER_QUARANTINE_FILE, WRITER_UNIKERNELS, "bad");

        strcpy(it.target, "1-bad");
        assert_int_equal(ask(it, NULL, 0), -ENOENT);
        assert_int_equal(ask(request(WRITER_PUT, WRITER_UNIKERNELS, "bad"), "x", 1), 0);
        assert_int_equal(ask(it, NULL, 0), 0);
        expect_content("quarantine/1-bad", "x");
        expect_missing("unikernels/bad");
        assert_int_equal(ask(request(WRITER_PUT, WRITER_UNIKERNELS, "bad"), "y", 1), 0);
        assert_int_equal(ask(it, NULL, 0), 0);
        expect_content("quarantine/1-bad", "x");
        expect_content("quarantine/1-bad.1", "y");
        assert_int_equal(ask(request(WRITER_PUT, WRITER_UNIKERNELS, "bad"), "z", 1), 0);
        assert_int_equal(ask(it, NULL, 0), 0);
        expect_content("quarantine/1-bad.1", "y");
        expect_content("quarantine/1-bad.2", "z");
        expect_missing("unikernels/bad");
}

static void quarantines_names_of_any_length_twice(void **state) {
        WriterRequest it = request(WRITER_QUARANTINE_FILE, WRITER_UNIKERNELS, "bad");
        char second[sizeof("quarantine/") + WRITER_NAME_MAX] = "quarantine/";

        memset(it.target, 'n', WRITER_NAME_MAX);
        memset(second + strlen(second), 'n', WRITER_NAME_MAX - 2);
        strcat(second, ".1");
        for (int i = 0; i < 2; i++) {
                WriterRequest put = request(WRITER_PUT, WRITER_UNIKERNELS, "bad");

                assert_int_equal(ask(put, i ? "y" : "x", 1), 0);
                assert_int_equal(ask(it, NULL, 0), 0);
        }
        assert_int_equal(count_files("quarantine"), 2);
        expect_content(second, "y");
}

/* Puts file 0, removes it, puts file 1, puts it again, and so on. */
static uint64_t submit_one_of_many(int i) {
        char name[16], content[32];

        snprintf(name, sizeof(name), "%d", i / 2);
        snprintf(content, sizeof(content), "%s %d", i % 2 == 0 ? "first" : "second", i / 2);
        if (i % 4 == 1)
                return submit(request(WRITER_REMOVE, WRITER_UNIKERNELS, name), NULL, 0);
        return submit(request(WRITER_PUT, WRITER_UNIKERNELS, name), content, strlen(content));
}

static void answers_many_requests_in_order(void **state) {
        enum { N = 500 };
        static uint64_t serials[N];
        struct pollfd writable = {.fd = socket_fd, .events = POLLOUT};
        int n_sent = 0;

        for (int n_answered = 0; n_answered < N; n_answered++) {
                /* As many as the socket takes at once, so that batches come about. */
                while (n_sent < N && (n_sent == n_answered || poll(&writable, 1, 0) == 1)) {
                        serials[n_sent] = submit_one_of_many(n_sent);
                        n_sent++;
                }
                assert_int_equal(take_answer(serials[n_answered]).reply.error, 0);
        }

        assert_int_equal(count_files("unikernels"), N / 4);
        assert_int_equal(count_files("tmp"), 0);
        expect_missing("unikernels/0");
        expect_content("unikernels/1", "second 1");
        expect_missing("unikernels/248");
        expect_content("unikernels/249", "second 249");
}

static void does_what_was_asked_before_the_daemon_went(void **state) {
        char name[16];

        for (int i = 0; i < 50; i++) {
                snprintf(name, sizeof(name), "%d", i);
                submit(request(WRITER_PUT, WRITER_UNIKERNELS, name), "x", 1);
        }
        assert_int_equal(end_writer(), 0);
        assert_int_equal(count_files("unikernels"), 50);
        start_writer();
}

static void empties_tmp_when_it_starts(void **state) {
        make_temporary("left-behind", "x");
        assert_int_equal(ask(request(WRITER_PUT, WRITER_UNIKERNELS, "a"), "x", 1), 0);
        /* A folder there is not ours to remove, and no reason not to start. */
        assert_int_equal(mkdirat(directory_fd, "tmp/folder", 0700), 0);
        assert_int_equal(end_writer(), 0);
        start_writer();
        assert_int_equal(ask(request(WRITER_REMOVE, WRITER_UNIKERNELS, "none"), NULL, 0), 0);
        assert_int_equal(count_files("tmp"), 1);
        expect_content("unikernels/a", "x");
}

static void finds_free_uids(void **state) {
        /* root and nobody are known everywhere. */
        static const uint32_t uids[] = {0, 61234, 65534, 61235};
        static uint32_t many[WRITER_UIDS_MAX + 1];
        Answer answer;

        if (getpwuid(61234) || getpwuid(61235))
                skip();
        answer = take_answer(submit(request(WRITER_FREE_UIDS, 0, ""), uids, sizeof(uids)));
        assert_int_equal(answer.reply.error, 0);
        assert_int_equal(answer.reply.size, 8);
        assert_int_equal(answer.uids[0], 61234);
        assert_int_equal(answer.uids[1], 61235);

        answer = take_answer(submit(request(WRITER_FREE_UIDS, 0, ""), uids, 0));
        assert_int_equal(answer.reply.error, 0);
        assert_int_equal(answer.reply.size, 0);
        for (size_t i = 0; i < N_ELEMENTS(many); i++)
                many[i] = 61234;
        answer = take_answer(submit(request(WRITER_FREE_UIDS, 0, ""), many, sizeof(many) - 4));
        assert_int_equal(answer.reply.size, WRITER_UIDS_MAX * 4);
        assert_int_equal(ask(request(WRITER_FREE_UIDS, 0, ""), many, sizeof(many)), -EBADMSG);
}

static void resolves_owners(void **state) {
        static const WriterOwner asked[] = {
                {.kind = WRITER_USER, .name = "root"},
                {.kind = WRITER_GROUP, .name = "root"},
                {.kind = WRITER_USER, .name = "nobody-is-called-that"},
                {.kind = WRITER_USER, .by_id = 1, .id = 0},
                {.kind = WRITER_GROUP, .by_id = 1, .id = 61234},
                {.kind = WRITER_USER, .name = ""},
        };
        static WriterOwner many[WRITER_OWNERS_MAX + 1];
        Answer answer;

        answer = take_answer(submit(request(WRITER_OWNERS, 0, ""), asked, sizeof(asked)));
        assert_int_equal(answer.reply.error, 0);
        assert_int_equal(answer.reply.size, sizeof(asked));
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(answer.owners[i].error, i == 2 ? -ENOENT : 0);
        assert_int_equal(answer.owners[0].id, 0);
        assert_int_equal(answer.owners[1].kind, WRITER_GROUP);
        assert_string_equal(answer.owners[3].name, "root");
        assert_int_equal(answer.owners[4].error, getgrgid(61234) ? 0 : -ENOENT);
        assert_int_equal(answer.owners[5].error, -ENOENT);

        for (size_t i = 0; i < N_ELEMENTS(many); i++)
                many[i] = asked[0];
        answer = take_answer(
                submit(request(WRITER_OWNERS, 0, ""), many, sizeof(many) - sizeof(*many)));
        assert_int_equal(answer.owners[WRITER_OWNERS_MAX - 1].error, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WRITER_TEST(puts_whole_files),
                WRITER_TEST(puts_the_largest_file),
                WRITER_TEST(removes_what_is_there_and_what_is_not),
                WRITER_TEST(publishes_a_temporary_file),
                WRITER_TEST(lets_win_what_was_published_first),
                WRITER_TEST(publishes_many_files_at_once),
                WRITER_TEST(makes_a_temporary_file_only_once),
                WRITER_TEST(quarantines_but_never_over_another_one),
                WRITER_TEST(quarantines_names_of_any_length_twice),
                WRITER_TEST(answers_many_requests_in_order),
                WRITER_TEST(does_what_was_asked_before_the_daemon_went),
                WRITER_TEST(empties_tmp_when_it_starts),
                WRITER_TEST(finds_free_uids),
                WRITER_TEST(resolves_owners),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
