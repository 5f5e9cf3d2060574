/* SPDX-License-Identifier: ISC */

/*
 * Stands in for albatross-writer in writer-dies.sh and changes.sh: does once what the file
 * /run/albatross/double says, and is the real one, which lies beside it as albatross-writer.away,
 * ever after.
 *
 *   serial, version, short   its first answer is for another request, of another version, too short
 *   unasked                  it answers before it was asked
 *   chatter                  it answers without end
 *   relay                    has the real one do all; but what is said of a record of a unikernel
 *                            is held back as long as /run/albatross/hold is there (held, beside
 *                            it, says that it is). Each takes a character of
 *                            /run/albatross/verdicts: with "f" it is on disk and told as a
 *                            failure, with "r" it is not, either
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/packet.h"
#include "writer/wire.h"

#define SOCKET_FD 3
#define FOLDER    "/run/albatross/"
#define REAL      "/usr/libexec/albatross/albatross-writer.away"

static char how[16];

static void read_how(void) {
        int fd = open(FOLDER "double", O_RDONLY | O_CLOEXEC);

        if (fd < 0 || read(fd, how, sizeof(how) - 1) <= 0 || unlink(FOLDER "double") < 0)
                return;
        how[strcspn(how, "\n")] = '\0';
        close(fd);
}

static char take_verdict(void) {
        int fd = open(FOLDER "verdicts", O_RDWR | O_CLOEXEC);
        char verdicts[64] = "";
        ssize_t size = fd < 0 ? 0 : read(fd, verdicts, sizeof(verdicts));

        if (size > 0 &&
            (ftruncate(fd, 0) < 0 || pwrite(fd, verdicts + 1, (size_t) size - 1, 0) != size - 1))
                _exit(EXIT_FAILURE);
        if (fd >= 0)
                close(fd);
        return verdicts[0];
}

static void hold_back(void) {
        while (access(FOLDER "hold", F_OK) == 0) {
                int fd = open(FOLDER "held", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

                if (fd >= 0)
                        close(fd);
                usleep(10000);
        }
        unlink(FOLDER "held");
}

static int start_real(char *name) {
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
                _exit(EXIT_FAILURE);
        if (fork() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                dup2(pair[1], SOCKET_FD);
                close(pair[0]);
                close(pair[1]);
                execl(REAL, name, NULL);
                _exit(EXIT_FAILURE);
        }
        close(pair[1]);
        return pair[0];
}

static bool is_record(const void *message) {
        WriterRequest request;

        memcpy(&request, message, sizeof(request));
        return request.folder == WRITER_UNIKERNELS &&
               (request.verb == WRITER_PUT || request.verb == WRITER_REMOVE);
}

static void relay(char *name) {
        static char message[sizeof(WriterRequest) + WRITER_DATA_MAX];
        int fds[PACKET_FDS_MAX], real = start_real(name);
        WriterReply reply = {.version = WRITER_WIRE_VERSION};
        WriterRequest request;
        ssize_t size;

        while ((size = recv(SOCKET_FD, message, sizeof(message), 0)) >= (ssize_t) sizeof(request)) {
                bool holds = is_record(message);
                char verdict = holds ? take_verdict() : '.';
                size_t n_fds = 0;

                memcpy(&request, message, sizeof(request));
                reply.serial = request.serial;
                if (verdict != 'r') {
                        if (send(real, message, (size_t) size, 0) < 0)
                                return;
                        size = packet_receive(real, message, sizeof(message), fds, &n_fds);
                        if (size < (ssize_t) sizeof(reply))
                                return;
                }
                if (holds)
                        hold_back();
                if (verdict == 'f' || verdict == 'r') {
                        reply.error = -EIO;
                        memcpy(message, &reply, sizeof(reply));
                        size = sizeof(reply);
                }
                if (packet_send(SOCKET_FD, message, (size_t) size, fds, n_fds) < 0)
                        return;
                packet_close_fds(fds, n_fds);
        }
}

int main(int argc, char **argv) {
        WriterReply reply = {.version = WRITER_WIRE_VERSION};
        static WriterRequest request;
        size_t size = sizeof(reply);

        read_how();
        if (!how[0]) {
                execl(REAL, argv[0], NULL);
                return EXIT_FAILURE;
        }
        if (strcmp(how, "relay") == 0) {
                relay(argv[0]);
                return EXIT_FAILURE;
        }

        if (strcmp(how, "unasked") != 0 && recv(SOCKET_FD, &request, sizeof(request), 0) <= 0)
                return EXIT_FAILURE;
        reply.serial = request.serial;
        if (strcmp(how, "serial") == 0 || strcmp(how, "chatter") == 0)
                reply.serial++;
        if (strcmp(how, "version") == 0)
                reply.version++;
        if (strcmp(how, "short") == 0)
                size--;
        do
                if (send(SOCKET_FD, &reply, size, MSG_NOSIGNAL) < 0)
                        break;
        while (strcmp(how, "chatter") == 0);
        /* It does not go by itself. */
        for (;;)
                pause();
}
