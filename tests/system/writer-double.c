/* SPDX-License-Identifier: ISC */

/*
 * Stands in for albatross-writer in writer-dies.sh: does once what the file /run/albatross/double
 * says, and is the real one, which lies beside it as albatross-writer.away, ever after.
 *
 *   serial, version, short   its first answer is for another request, of another version, too short
 *   unasked                  it answers before it was asked
 *   chatter                  it answers without end
 */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "writer/wire.h"

#define SOCKET_FD 3

static char how[16];

static void read_how(void) {
        int fd = open("/run/albatross/double", O_RDONLY | O_CLOEXEC);

        if (fd < 0 || read(fd, how, sizeof(how) - 1) <= 0 || unlink("/run/albatross/double") < 0)
                return;
        how[strcspn(how, "\n")] = '\0';
        close(fd);
}

int main(int argc, char **argv) {
        WriterReply reply = {.version = WRITER_WIRE_VERSION};
        static WriterRequest request;
        size_t size = sizeof(reply);

        read_how();
        if (!how[0]) {
                execl("/usr/libexec/albatross/albatross-writer.away", argv[0], NULL);
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
