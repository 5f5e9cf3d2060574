/* SPDX-License-Identifier: ISC */

/*
 * albatross-look-up: asks NSS for albatrossd, in the words of writer/wire.h, of whose verbs it
 * knows WRITER_FREE_UIDS and WRITER_OWNERS. It is apart from the writer because a name service on
 * the network may take as long as it likes: nobody's records wait for it, and whoever loses
 * patience with it kills it. Descriptor 3 is their socket.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "writer/batch.h"

#define SOCKET_FD 3

static bool is_question(const WriterRequest *request) {
        return request->verb == WRITER_FREE_UIDS || request->verb == WRITER_OWNERS;
}

static int wait_for_message(void) {
        struct pollfd readable = {.fd = SOCKET_FD, .events = POLLIN};
        int n;

        do
                n = poll(&readable, 1, -1);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

/* One after the other: each answer goes out before the next question is looked at. 0 at the end. */
static int serve_one(Batch *batch) {
        static union {
                WriterRequest header;
                char bytes[sizeof(WriterRequest) + WRITER_DATA_MAX];
        } message;
        int fds[PACKET_FDS_MAX];
        size_t n_fds = 0;
        int n;

        n = wait_for_message();
        if (n <= 0)
                return n;
        memset(&message.header, 0, sizeof(message.header));
        n = packet_receive(SOCKET_FD, &message, sizeof(message), fds, &n_fds);
        packet_close_fds(fds, n_fds);
        if (n == -EAGAIN)
                return 1;
        if (n <= 0 && n != -EMSGSIZE)
                return n;
        if (n < 0)
                batch_add_refused(batch, &message.header, n);
        else if ((size_t) n >= sizeof(message.header) && !is_question(&message.header))
                batch_add_refused(batch, &message.header, -EOPNOTSUPP);
        else
                batch_add(batch, &message, (size_t) n);
        n = batch_commit(batch, SOCKET_FD);
        return n < 0 ? n : 1;
}

int main(int argc, char **argv) {
        static Batch batch;
        State none = STATE_CLOSED;
        int r;

        batch.state = &none;
        do
                r = serve_one(&batch);
        while (r > 0);
        /* Whoever asked has gone. */
        if (r < 0 && r != -EPIPE && r != -ECONNRESET)
                fprintf(stderr, "Lost the daemon: %s\n", strerror(-r));
        return r < 0;
}
