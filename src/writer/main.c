/* SPDX-License-Identifier: ISC */

/*
 * albatross-writer: does for albatrossd what may wait for a disk, as its one long-lived child for
 * that. Descriptor 3 is their socket, descriptor 4 the state directory. No request ends it; the
 * end of the daemon does, after all that was asked for has been done.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "writer/batch.h"

#define SOCKET_FD    3
#define DIRECTORY_FD 4
#define BLOCK_FD     5

/* Is there a message, or the end? Does not wait when @is_busy. */
static int wait_for_message(bool is_busy) {
        struct pollfd readable = {.fd = SOCKET_FD, .events = POLLIN};
        int n;

        do
                n = poll(&readable, 1, is_busy ? 0 : -1);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

/* Adds one message. 0 at the end of the connection, 1 when it was a message. */
static int receive(Batch *batch) {
        static union {
                WriterRequest header;
                char bytes[sizeof(WriterRequest) + WRITER_DATA_MAX];
        } message;
        int fds[PACKET_FDS_MAX];
        size_t n_fds = 0;
        int n;

        /* What a message too short for a serial leaves of the last one must not be taken for its
         * own. */
        memset(&message.header, 0, sizeof(message.header));
        n = packet_receive(SOCKET_FD, &message, sizeof(message), fds, &n_fds);
        packet_close_fds(fds, n_fds);
        if (n == -EMSGSIZE) {
                batch_add_refused(batch, &message.header, n);
                return 1;
        }
        /* Somebody else has read it: there is nobody else. */
        if (n == -EAGAIN)
                return 1;
        if (n <= 0)
                return n;
        batch_add(batch, &message, (size_t) n);
        return 1;
}

static int run(State *state) {
        static Batch batch;
        int r = 1;

        batch.state = state;
        while (r > 0) {
                /* All that is waiting, up to what a batch holds, then the disk. */
                do {
                        r = wait_for_message(batch.n_entries > 0);
                        if (r <= 0)
                                break;
                        r = receive(&batch);
                } while (r > 0 && batch.n_entries < BATCH_MAX);

                /* An answer that nobody takes is no reason to leave the rest undone. */
                if (batch.n_entries > 0) {
                        (void) batch_commit(&batch, SOCKET_FD);
                        r = r < 0 ? r : 1;
                }
        }
        return r;
}

int main(int argc, char **argv) {
        State state = STATE_CLOSED;
        int r;

        /* Records carry keys and passwords of guests: none of them may come into a core file. */
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        umask(0);
        /* What remains_release() starts is not waited for. */
        if (signal(SIGCHLD, SIG_IGN) == SIG_ERR)
                return 1;

        r = state_open(&state, DIRECTORY_FD, fcntl(BLOCK_FD, F_GETFD) < 0 ? -1 : BLOCK_FD);
        if (r < 0) {
                fprintf(stderr, "Can't open the state directory: %s\n", strerror(-r));
                return 1;
        }
        r = run(&state);
        state_close(&state);
        if (r < 0)
                fprintf(stderr, "Lost the daemon: %s\n", strerror(-r));
        return r < 0;
}
