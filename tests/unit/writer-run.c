/* SPDX-License-Identifier: ISC */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/packet.h"
#include "writer-run.h"

char directory[64];
int directory_fd = -1, socket_fd = -1;
static pid_t writer;

void start_writer(void) {
        int pair[2];

        assert_non_null(getenv("ALBATROSS_WRITER"));
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        writer = fork();
        assert_true(writer >= 0);
        if (writer == 0) {
                int other = fcntl(pair[1], F_DUPFD, 10), folder = fcntl(directory_fd, F_DUPFD, 10);

                dup2(other, 3);
                dup2(folder, 4);
                closefrom(5);
                execl(getenv("ALBATROSS_WRITER"), "albatross-writer", NULL);
                _exit(127);
        }
        fd_close(pair[1]);
        socket_fd = pair[0];
}

int end_writer(void) {
        int status;

        socket_fd = fd_close(socket_fd);
        assert_int_equal(waitpid(writer, &status, 0), writer);
        return status;
}

int set_up(void **state) {
        strcpy(directory, "/tmp/albatross-test-XXXXXX");
        if (!mkdtemp(directory))
                return -1;
        directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        start_writer();
        return directory_fd < 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
        return remove(path);
}

int tear_down(void **state) {
        int status = end_writer();

        directory_fd = fd_close(directory_fd);
        nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

WriterRequest request(WriterVerb verb, WriterFolder folder, const char *name) {
        static uint64_t serial;
        WriterRequest it = {.version = WRITER_WIRE_VERSION, .verb = verb, .folder = folder};

        it.serial = ++serial;
        snprintf(it.name, sizeof(it.name), "%s", name);
        return it;
}

uint64_t submit(WriterRequest it, const void *data, size_t size) {
        static union {
                WriterRequest header;
                char bytes[sizeof(WriterRequest) + WRITER_DATA_MAX];
        } message;

        it.size = (uint32_t) size;
        message.header = it;
        if (size > 0)
                memcpy(message.bytes + sizeof(it), data, size);
        assert_int_equal(packet_send(socket_fd, &message, sizeof(it) + size, NULL, 0), 0);
        return it.serial;
}

Answer take_answer(uint64_t serial) {
        int fds[PACKET_FDS_MAX];
        Answer answer = {.fd = -1};
        size_t n_fds = 0;
        int n;

        n = packet_receive(socket_fd, &answer, offsetof(Answer, fd), fds, &n_fds);
        assert_true(n >= (int) sizeof(WriterReply));
        assert_int_equal(n, sizeof(WriterReply) + answer.reply.size);
        assert_int_equal(answer.reply.version, WRITER_WIRE_VERSION);
        assert_int_equal(answer.reply.serial, serial);
        assert_in_range(n_fds, 0, 1);
        if (n_fds == 1)
                answer.fd = fds[0];
        return answer;
}

int ask(WriterRequest it, const void *data, size_t size) {
        Answer answer = take_answer(submit(it, data, size));

        assert_int_equal(answer.fd, -1);
        assert_int_equal(answer.reply.size, 0);
        return answer.reply.error;
}

void expect_content(const char *path, const char *content) {
        _cleanup_(freep) char *data = NULL;
        size_t size;

        assert_int_equal(file_read_at(directory_fd, path, 1 << 20, &data, &size), 0);
        assert_string_equal(data, content);
}

void expect_missing(const char *path) {
        assert_int_equal(faccessat(directory_fd, path, F_OK, AT_SYMLINK_NOFOLLOW), -1);
        assert_int_equal(errno, ENOENT);
}

size_t count_files(const char *path) {
        char full[128];
        DIR *folder;
        size_t n = 0;

        snprintf(full, sizeof(full), "%s/%s", directory, path);
        folder = opendir(full);
        assert_non_null(folder);
        for (struct dirent *entry; (entry = readdir(folder));)
                n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        closedir(folder);
        return n;
}

Answer publish(const char *name, const char *target) {
        WriterRequest it = request(WRITER_PUBLISH, WRITER_IMAGES, name);

        snprintf(it.target, sizeof(it.target), "%s", target);
        return take_answer(submit(it, NULL, 0));
}

void make_temporary(const char *name, const char *content) {
        Answer answer = take_answer(submit(request(WRITER_TEMPORARY, 0, name), NULL, 0));

        assert_int_equal(answer.reply.error, 0);
        assert_true(answer.fd >= 0);
        assert_int_equal(fcntl(answer.fd, F_GETFL) & O_ACCMODE, O_WRONLY);
        assert_int_equal(write(answer.fd, content, strlen(content)), strlen(content));
        fd_close(answer.fd);
}
