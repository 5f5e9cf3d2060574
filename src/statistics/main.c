/* SPDX-License-Identifier: ISC */

/*
 * albatross-statistics: reads what the kernel counts of unikernels, for the daemon, which may see
 * neither other users' processes nor the host's network and must never wait. It is started when
 * somebody asks, keeps nothing, and ends when nobody has asked for a while.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/listener.h"
#include "base/packet.h"
#include "base/say.h"
#include "statistics/sweep.h"

#define IDLE_MSEC (20 * 1000)

/* Who connects says at once what he wants. */
#define PATIENCE_MSEC (5 * 1000)

typedef struct Mapping {
        void *data;
        size_t size;
} Mapping;

static void mapping_clear(Mapping *mapping) {
        if (mapping->data)
                munmap(mapping->data, mapping->size);
}

/* One that could still be changed, or cut off, is not looked at. */
static int mapping_open(Mapping *ret, int fd) {
        const int wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        int seals = fcntl(fd, F_GET_SEALS);
        struct stat status;
        void *data;

        if (seals < 0 || (seals & wanted) != wanted || fstat(fd, &status) < 0)
                return -EBADMSG;
        if (status.st_size <= 0 || status.st_size > (off_t) STATISTICS_SIZE_MAX)
                return status.st_size == 0 ? 0 : -EBADMSG;
        data = mmap(NULL, (size_t) status.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED)
                return -errno;
        *ret = (Mapping){data, (size_t) status.st_size};
        return 0;
}

static int answer(Sweep *sweep, int fd, const StatisticsMessage *message, int memfd) {
        StatisticsMessage said = {.version = STATISTICS_WIRE_VERSION};
        _cleanup_(mapping_clear) Mapping mapping = {};
        _cleanup_(fd_closep) int answer_fd = -1;
        _cleanup_(freep) Target *targets = NULL;
        _cleanup_(reply_clear) Reply reply = {};
        int r;

        r = mapping_open(&mapping, memfd);
        if (r == 0)
                r = request_read(&targets, mapping.data, mapping.size, message->n);
        if (r == 0)
                r = sweep_run(sweep, targets, message->n, &reply);
        if (r == 0) {
                said.n = reply.n_samples;
                answer_fd = file_memfd("albatross-statistics", reply.data, reply.size);
                r = answer_fd < 0 ? answer_fd : 0;
        }
        said.error = r;
        return packet_send(fd, &said, sizeof(said), &answer_fd, answer_fd >= 0);
}

static int serve(Sweep *sweep, int fd) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int fds[PACKET_FDS_MAX];
        StatisticsMessage message = {};
        struct ucred peer;
        socklen_t size = sizeof(peer);
        size_t n_fds = 0;
        int r;

        /* The socket's mode lets only root in already; this is for the day when it does not. */
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != 0)
                return -EPERM;
        if (poll(&wait, 1, PATIENCE_MSEC) <= 0)
                return -ETIMEDOUT;
        r = packet_receive(fd, &message, sizeof(message), fds, &n_fds);
        if (r < 0)
                return r;
        if (r == sizeof(message) && message.version == STATISTICS_WIRE_VERSION && n_fds == 1)
                r = answer(sweep, fd, &message, fds[0]);
        else if (r > 0)
                r = -EPROTO;
        packet_close_fds(fds, n_fds);
        return r;
}

/* Returns 1 when nobody has come for a while. */
static int run_once(Sweep *sweep, int listener_fd) {
        struct pollfd wait = {.fd = listener_fd, .events = POLLIN};
        _cleanup_(fd_closep) int fd = -1;
        int r;

        r = poll(&wait, 1, IDLE_MSEC);
        if (r < 0)
                return errno == EINTR ? 0 : -errno;
        if (r == 0)
                return 1;
        fd = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
                return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR ? 0 : -errno;
        r = serve(sweep, fd);
        if (r < 0 && r != -EPIPE && r != -ECONNRESET)
                say(LOG_WARNING, "A request could not be answered: %s", strerror(-r));
        return 0;
}

int main(int argc, char **argv) {
        static Sweep sweep;
        int listener_fd, r;

        listener_fd = listener_inherited();
        if (listener_fd < 0) {
                say(LOG_ERR, "No socket was handed over; start albatross-statistics.socket");
                return EXIT_FAILURE;
        }
        r = sweep_open(&sweep);
        while (r == 0)
                r = run_once(&sweep, listener_fd);
        if (r < 0)
                say(LOG_ERR, "Ended: %s", strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
