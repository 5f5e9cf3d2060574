/* SPDX-License-Identifier: ISC */

/* What albatross-writer does with the files of block devices. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "writer-run.h"

#define MIB UINT64_C(1048576)

static struct stat look(const char *path) {
        struct stat st;

        assert_int_equal(fstatat(directory_fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
        return st;
}

static int make(const char *name, uint64_t size) {
        return ask(request(WRITER_MAKE_BLOCK, 0, name), &size, sizeof(size));
}

static int temporary(const char *name, uint64_t size) {
        Answer answer =
                take_answer(submit(request(WRITER_TEMPORARY_BLOCK, 0, name), &size, sizeof(size)));

        assert_int_equal(answer.reply.error, 0);
        return answer.fd;
}

static int replace(const char *name, const char *target, uint64_t inode) {
        WriterRequest it = request(WRITER_REPLACE_BLOCK, 0, name);

        strcpy(it.target, target);
        return ask(it, &inode, sizeof(inode));
}

static void makes_sparse_files(void **state) {
        struct stat st;

        assert_int_equal(make("alice:data", 8 * MIB), 0);
        st = look("blocks/alice:data");
        assert_int_equal(st.st_size, 8 * MIB);
        assert_int_equal(st.st_blocks, 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        /* The second time, as after the death of a writer. */
        assert_int_equal(make("alice:data", 8 * MIB), 0);
        assert_int_equal(make("huge", UINT64_MAX), -EFBIG);
        expect_missing("blocks/huge");
        assert_int_equal(count_files("tmp"), 0);
}

static void replaces_what_is_there_by_what_is_whole(void **state) {
        uint64_t inode;
        int fd;

        assert_int_equal(make("d", MIB), 0);
        fd = temporary("new", MIB);
        assert_int_equal(write(fd, "x", 1), 1);
        inode = look("tmp/new").st_ino;
        assert_int_equal(replace("new", "d", inode), 0);
        assert_int_equal(look("blocks/d").st_ino, inode);
        expect_missing("tmp/new");
        /* Asked again, since the answer was lost: it has happened. */
        assert_int_equal(replace("new", "d", inode), 0);
        assert_int_equal(replace("new", "d", inode + 1), -ENOENT);
        assert_int_equal(replace("new", "d", 0), -ENOENT);
        assert_int_equal(look("blocks/d").st_ino, inode);
        fd_close(fd);
}

/* Puts 32 MiB where the device was. */
static void fill(const char *target) {
        static char content[32 * MIB];
        int fd = temporary("new", 32 * MIB);

        memset(content, 'x', sizeof(content));
        assert_int_equal(file_write_all(fd, content, sizeof(content)), 0);
        fd_close(fd);
        assert_int_equal(replace("new", target, look("tmp/new").st_ino), 0);
}

static int watch_end(const char *file) {
        int fd = inotify_init1(IN_CLOEXEC);
        char path[128];

        snprintf(path, sizeof(path), "%s/%s", directory, file);
        assert_true(fd >= 0);
        assert_true(inotify_add_watch(fd, path, IN_DELETE_SELF) >= 0);
        return fd;
}

static void expect_end(int fd) {
        struct pollfd told = {.fd = fd, .events = POLLIN};

        assert_int_equal(poll(&told, 1, 10000), 1);
        fd_close(fd);
}

/* In a process of its own, which nothing here waits for. */
static void gives_up_the_place_of_large_files(void **state) {
        int watch;

        fill("d");
        watch = watch_end("blocks/d");
        fill("d");
        expect_end(watch);
        watch = watch_end("blocks/d");
        assert_int_equal(ask(request(WRITER_REMOVE, WRITER_BLOCKS, "d"), NULL, 0), 0);
        expect_missing("blocks/d");
        expect_end(watch);
        assert_int_equal(end_writer(), 0);
        start_writer();
}

static void empties_tmp_when_it_starts(void **state) {
        fd_close(temporary("new", MIB));
        end_writer();
        start_writer();
        /* Once it answers, it has started. */
        assert_int_equal(replace("new", "d", 1), -ENOENT);
        assert_int_equal(count_files("tmp"), 0);
        expect_missing("blocks/d");
}

static void lets_one_uid_open_a_device_for_a_while(void **state) {
        WriterRequest grant = request(WRITER_GRANT_BLOCK, 0, "d");
        const uint32_t uid = 61190;
        char list[128];
        int r;

        assert_int_equal(make("d", MIB), 0);
        r = ask(grant, &uid, sizeof(uid));
        if (r == -EOPNOTSUPP)
                skip();
        assert_int_equal(r, 0);
        assert_int_equal(look("blocks/d").st_mode & 0777, 0660);
        snprintf(list, sizeof(list), "%s/blocks/d", directory);
        assert_true(getxattr(list, "system.posix_acl_access", NULL, 0) > 0);

        assert_int_equal(ask(request(WRITER_REVOKE_BLOCK, 0, "d"), NULL, 0), 0);
        assert_int_equal(look("blocks/d").st_mode & 0777, 0600);
        assert_int_equal(getxattr(list, "system.posix_acl_access", NULL, 0), -1);
        /* Nothing to be taken back is as good. */
        assert_int_equal(ask(request(WRITER_REVOKE_BLOCK, 0, "d"), NULL, 0), 0);
        assert_int_equal(ask(request(WRITER_REVOKE_BLOCK, 0, "none"), NULL, 0), 0);
        grant = request(WRITER_GRANT_BLOCK, 0, "none");
        assert_int_equal(ask(grant, &uid, sizeof(uid)), -ENOENT);
}

static void refuses_what_makes_no_sense(void **state) {
        const uint64_t size = MIB;

        assert_int_equal(ask(request(WRITER_MAKE_BLOCK, 0, "d"), &size, 4), -EBADMSG);
        assert_int_equal(ask(request(WRITER_MAKE_BLOCK, 0, "d"), NULL, 0), -EBADMSG);
        assert_int_equal(ask(request(WRITER_MAKE_BLOCK, 0, "../d"), &size, sizeof(size)), -EINVAL);
        assert_int_equal(replace("new", "../d", 1), -EINVAL);
        assert_int_equal(ask(request(WRITER_GRANT_BLOCK, 0, "d"), &size, sizeof(size)), -EBADMSG);
        assert_int_equal(count_files("blocks"), 0);
        assert_int_equal(count_files("tmp"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WRITER_TEST(makes_sparse_files),
                WRITER_TEST(replaces_what_is_there_by_what_is_whole),
                WRITER_TEST(gives_up_the_place_of_large_files),
                WRITER_TEST(empties_tmp_when_it_starts),
                WRITER_TEST(lets_one_uid_open_a_device_for_a_while),
                WRITER_TEST(refuses_what_makes_no_sense),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
