/* SPDX-License-Identifier: ISC */

/*
 * What the writer is asked to do, in a state directory of its own. The input is a row of messages,
 * each with its size before it (16 bits, little-endian); every fifth byte of a size that is odd
 * commits what has come until then.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "fuzz.h"
#include "writer/batch.h"

/* What the answers to this many take of a socket's buffer, while nobody reads them. */
#define MESSAGES_MAX 16

static char directory[256];
static int directory_fd = -1;

static void remove_directory(void) {
        static const char *const folders[] = {"unikernels", "policies", "images",
                                              "blocks",     "tmp",      "quarantine"};

        for (size_t i = 0; i < N_ELEMENTS(folders); i++)
                (void) unlinkat(directory_fd, folders[i], AT_REMOVEDIR);
        (void) rmdir(directory);
}

/* In memory, if $TMPDIR is: this is about names, not about disks. */
static void open_state(State *state) {
        const char *where = getenv("TMPDIR");

        snprintf(directory, sizeof(directory), "%s/albatross-fuzz-XXXXXX", where ? where : "/tmp");
        property(mkdtemp(directory) != NULL, "there is a temporary directory");
        directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        property(directory_fd >= 0 && state_open(state, directory_fd, -1) == 0, "there is a state");
        atexit(remove_directory);
}

/* How many names there are in it; removes them if you @clean up. */
static unsigned count(int folder_fd, bool clean) {
        DIR *folder = fdopendir(fcntl(folder_fd, F_DUPFD_CLOEXEC, 3));
        struct dirent *entry;
        unsigned n = 0;

        property(folder != NULL, "a folder can be read");
        rewinddir(folder);
        while ((entry = readdir(folder))) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                n++;
                property(!clean || unlinkat(folder_fd, entry->d_name, 0) == 0,
                         "the writer makes files only");
        }
        closedir(folder);
        return n;
}

/* The serials of requests that wait for their answers. */
typedef struct Asked {
        uint64_t serials[MESSAGES_MAX];
        size_t n;
} Asked;

static void check_answer(const WriterReply *reply, int size, uint64_t serial, size_t n_fds) {
        property(size >= (int) sizeof(*reply) && (size_t) size - sizeof(*reply) == reply->size,
                 "an answer is whole");
        property(reply->version == WRITER_WIRE_VERSION && reply->error <= 0,
                 "an answer is of our version");
        property(reply->serial == serial, "answers come in order");
        property(n_fds <= 1 && (n_fds == 0 || reply->error == 0),
                 "a failure comes without a descriptor");
        property(reply->error == 0 || reply->size == 0, "a failure comes without data");
}

/* Whether all of them have succeeded. */
static bool read_answers(int socket_fd, Asked *asked) {
        struct pollfd readable = {.fd = socket_fd, .events = POLLIN};
        struct {
                WriterReply reply;
                uint32_t uids[WRITER_UIDS_MAX];
        } message;
        bool succeeded = true;

        for (size_t i = 0; i < asked->n; i++) {
                int fds[PACKET_FDS_MAX], size;
                size_t n_fds;

                property(poll(&readable, 1, 0) == 1, "each request is answered");
                size = packet_receive(socket_fd, &message, sizeof(message), fds, &n_fds);
                property(size > 0, "an answer can be received");
                packet_close_fds(fds, n_fds);
                check_answer(&message.reply, size, asked->serials[i], n_fds);
                succeeded = succeeded && message.reply.error == 0;
        }
        property(poll(&readable, 1, 0) == 0, "each request is answered once");
        asked->n = 0;
        return succeeded;
}

static void add_message(Batch *batch, Asked *asked, const uint8_t *data, size_t size) {
        _cleanup_(freep) void *message = fuzz_copy(data, size);
        WriterRequest header = {};

        memcpy(&header, data, MIN_OF(size, sizeof(header)));
        asked->serials[asked->n++] = header.serial;
        batch_add(batch, message, size);
}

static void check_folders(const State *state, unsigned n_temporary) {
        unsigned n_names = 0;

        for (size_t i = 0; i < WRITER_N_FOLDERS; i++) {
                unsigned n = count(state->folders[i], true);

                if (i == WRITER_TMP)
                        property(n <= n_temporary, "what was staged does not stay in tmp");
                n_names += n;
        }
        property(n_names <= MESSAGES_MAX, "there is a name for each request, at most");
        /* The last two are other names for those of tmp and quarantine. */
        property(count(directory_fd, false) == WRITER_N_FOLDERS - 2,
                 "nothing is beside the folders");
}

bool fuzz_input(const uint8_t *data, size_t size) {
        static State state = STATE_CLOSED;
        static Batch batch;
        Bytes bytes = {data, size};
        bool succeeded = true;
        Asked asked = {};
        size_t n_messages = 0;
        int sockets[2];

        if (directory_fd < 0)
                open_state(&state);
        property(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0,
                 "there are sockets");
        batch.state = &state;

        while (bytes.size > 2 && n_messages < MESSAGES_MAX) {
                uint16_t mark = bytes_take16(&bytes);
                size_t n = MIN_OF((size_t) (mark & 0x7fff), bytes.size);

                add_message(&batch, &asked, bytes.data, n);
                n_messages++;
                bytes.data += n;
                bytes.size -= n;
                if (mark >> 15) {
                        property(batch_commit(&batch, sockets[1]) == 0, "a batch is answered");
                        succeeded = read_answers(sockets[0], &asked) && succeeded;
                }
        }
        property(batch_commit(&batch, sockets[1]) == 0, "a batch is answered");
        succeeded = read_answers(sockets[0], &asked) && succeeded;

        fd_close(sockets[0]);
        fd_close(sockets[1]);
        check_folders(&state, (unsigned) n_messages);
        return succeeded && n_messages > 0;
}
