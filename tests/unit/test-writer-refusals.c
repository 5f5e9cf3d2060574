/* SPDX-License-Identifier: ISC */

/* Odd requests, odd names, full disks: each costs albatross-writer no more than one answer. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "writer-run.h"

static void refuses_to_publish_what_is_not_there(void **state) {
        Answer answer;

        answer = publish("nothing", "digest");
        assert_int_equal(answer.reply.error, -ENOENT);
        assert_int_equal(answer.fd, -1);
        expect_missing("images/digest");
}

static void refuses_names_that_lead_elsewhere(void **state) {
        static const char *const names[] = {"", ".", "..", "/", "a/b", "../x", "x/"};
        WriterRequest it;

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                for (WriterVerb verb = WRITER_PUT; verb <= WRITER_QUARANTINE_FILE; verb++) {
                        it = request(verb, WRITER_UNIKERNELS, names[i]);
                        strcpy(it.target, "target");
                        assert_int_equal(ask(it, NULL, 0), -EINVAL);
                }
                it = request(WRITER_PUBLISH, WRITER_IMAGES, "name");
                strcpy(it.target, names[i]);
                assert_int_equal(ask(it, NULL, 0), -EINVAL);
        }
        it = request(WRITER_PUT, WRITER_UNIKERNELS, "");
        memset(it.name, 'x', sizeof(it.name));
        assert_int_equal(ask(it, "x", 1), -EINVAL);
        it = request(WRITER_QUARANTINE_FILE, WRITER_UNIKERNELS, "x");
        memset(it.target, 'x', sizeof(it.target));
        assert_int_equal(ask(it, NULL, 0), -EINVAL);

        /* The longest name is none of those. */
        it = request(WRITER_PUT, WRITER_UNIKERNELS, "");
        memset(it.name, 'x', WRITER_NAME_MAX);
        it.name[WRITER_NAME_MAX] = '\0';
        assert_int_equal(ask(it, "x", 1), 0);
        assert_int_equal(count_files("unikernels"), 1);
        assert_int_equal(count_files("tmp"), 0);
}

static void refuses_requests_that_make_no_sense(void **state) {
        WriterRequest it = request(WRITER_PUT, WRITER_UNIKERNELS, "a");

        it.version++;
        assert_int_equal(ask(it, "x", 1), -EPROTO);
        it = request(0, WRITER_UNIKERNELS, "a");
        assert_int_equal(ask(it, NULL, 0), -EOPNOTSUPP);
        it = request(WRITER_N_VERBS, WRITER_UNIKERNELS, "a");
        assert_int_equal(ask(it, NULL, 0), -EOPNOTSUPP);
        it = request(WRITER_PUT, WRITER_N_FOLDERS, "a");
        assert_int_equal(ask(it, NULL, 0), -EBADMSG);
        it = request(WRITER_REMOVE, UINT32_MAX, "a");
        assert_int_equal(ask(it, NULL, 0), -EBADMSG);
        it = request(WRITER_REMOVE, WRITER_UNIKERNELS, "a");
        assert_int_equal(ask(it, "data", 4), -EBADMSG);
        assert_int_equal(ask(request(WRITER_FREE_UIDS, 0, ""), "abc", 3), -EBADMSG);
        assert_int_equal(ask(request(WRITER_OWNERS, 0, ""), "abc", 3), -EBADMSG);
        assert_int_equal(count_files("unikernels"), 0);
}

static void refuses_questions_for_owners_that_make_no_sense(void **state) {
        static WriterOwner many[WRITER_OWNERS_MAX + 1];
        WriterOwner asked = {.name = "root"};

        assert_int_equal(ask(request(WRITER_OWNERS, 0, ""), &asked, sizeof(asked)), -EBADMSG);
        asked.kind = WRITER_GROUP + 1;
        assert_int_equal(ask(request(WRITER_OWNERS, 0, ""), &asked, sizeof(asked)), -EBADMSG);
        asked.kind = WRITER_USER;
        memset(asked.name, 'x', sizeof(asked.name));
        assert_int_equal(ask(request(WRITER_OWNERS, 0, ""), &asked, sizeof(asked)), -EBADMSG);
        for (size_t i = 0; i < N_ELEMENTS(many); i++)
                many[i].kind = WRITER_USER;
        assert_int_equal(ask(request(WRITER_OWNERS, 0, ""), many, sizeof(many)), -EBADMSG);
}

static void survives_messages_of_odd_sizes(void **state) {
        static char large[sizeof(WriterRequest) + WRITER_DATA_MAX + 1];
        WriterRequest it = request(WRITER_PUT, WRITER_UNIKERNELS, "a");
        Answer answer;

        /* A serial that did not come is not made up. */
        assert_int_equal(packet_send(socket_fd, &it, 4, NULL, 0), 0);
        assert_int_equal(take_answer(0).reply.error, -EBADMSG);
        assert_int_equal(packet_send(socket_fd, &it, sizeof(it) - 1, NULL, 0), 0);
        assert_int_equal(take_answer(it.serial).reply.error, -EBADMSG);
        /* .size and size differ. */
        it.size = 4;
        assert_int_equal(packet_send(socket_fd, &it, sizeof(it), NULL, 0), 0);
        assert_int_equal(take_answer(it.serial).reply.error, -EBADMSG);
        memcpy(large, &it, sizeof(it));
        assert_int_equal(packet_send(socket_fd, large, sizeof(it) + 5, NULL, 0), 0);
        assert_int_equal(take_answer(it.serial).reply.error, -EBADMSG);

        assert_int_equal(packet_send(socket_fd, large, sizeof(large), NULL, 0), 0);
        answer = take_answer(it.serial);
        assert_int_equal(answer.reply.error, -EMSGSIZE);
        /* Descriptors that nobody asked for. */
        it.size = 0;
        assert_int_equal(packet_send(socket_fd, &it, sizeof(it), &socket_fd, 1), 0);
        assert_int_equal(take_answer(it.serial).reply.error, 0);
        expect_content("unikernels/a", "");
}

/* A full disk costs the request, and leaves neither a piece of a file nor a loss of the old one. */
static void survives_a_full_disk(void **state) {
        static char data[WRITER_DATA_MAX];
        WriterRequest it = request(WRITER_PUT, WRITER_UNIKERNELS, "a");
        int r;

        end_writer();
        if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("test", directory, "tmpfs", 0, "size=256k") < 0) {
                print_message("needs root and mount(): %s\n", strerror(errno));
                start_writer();
                skip();
        }
        fd_close(directory_fd);
        directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        start_writer();

        assert_int_equal(ask(it, data, sizeof(data)), 0);
        r = ask(it, data, sizeof(data));
        assert_int_equal(r, -ENOSPC);
        assert_int_equal(count_files("tmp"), 0);
        assert_int_equal(ask(request(WRITER_PUT, WRITER_UNIKERNELS, "b"), "x", 1), 0);
        assert_int_equal(ask(request(WRITER_REMOVE, WRITER_UNIKERNELS, "a"), NULL, 0), 0);
        assert_int_equal(ask(it, data, sizeof(data)), 0);

        end_writer();
        assert_int_equal(umount2(directory, MNT_DETACH), 0);
        start_writer();
}

static void fails_without_a_state_directory(void **state) {
        int status;

        assert_int_equal(end_writer(), 0);
        fd_close(directory_fd);
        directory_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        start_writer();
        status = end_writer();
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 1);

        fd_close(directory_fd);
        directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        start_writer();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WRITER_TEST(refuses_to_publish_what_is_not_there),
                WRITER_TEST(refuses_names_that_lead_elsewhere),
                WRITER_TEST(refuses_requests_that_make_no_sense),
                WRITER_TEST(refuses_questions_for_owners_that_make_no_sense),
                WRITER_TEST(survives_messages_of_odd_sizes),
                WRITER_TEST(survives_a_full_disk),
                WRITER_TEST(fails_without_a_state_directory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
