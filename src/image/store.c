/* SPDX-License-Identifier: ISC */

/*
 * albatross-store MAX IDLE_SEC: copies descriptor 0 to descriptor 1, counts and hashes what it
 * copies. It understands nothing of it; that it gets to the disk is the writer's work. Bytes come
 * in from a pipe to a new file, or go out from a file to a client's pipe; on both ways nobody may
 * stall it for longer than IDLE_SEC.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "image/confine.h"
#include "image/report.h"
#include "image/stream.h"

_Static_assert(IMAGE_DIGEST_SIZE == SHA256_DIGEST_SIZE, "a digest is a SHA-256");

static const ConfineRule rules[] = {
        {SCMP_SYS(read), STDIN_FILENO},
        {SCMP_SYS(write), STDOUT_FILENO},
        {SCMP_SYS(write), STDERR_FILENO},
        {SCMP_SYS(poll), -1},
};

typedef struct Store {
        uint64_t max, idle_sec;
        bool is_file; /* what is written to */
} Store;

static uint8_t chunk[STREAM_CHUNK];

static int parse_arguments(Store *ret, int argc, char **argv) {
        int r;

        if (argc != 3)
                return -EINVAL;
        r = number_parse(argv[1], UINT64_MAX, &ret->max);
        if (r < 0)
                return r;
        return number_parse(argv[2], INT_MAX / 1000, &ret->idle_sec);
}

static int prepare_output(Store *store) {
        struct stat st;
        int flags;

        if (fstat(STDOUT_FILENO, &st) < 0)
                return -errno;
        store->is_file = S_ISREG(st.st_mode);
        if (store->is_file)
                return 0;
        if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
                return -EBADF;

        /* A write that blocks could not be given up. */
        flags = fcntl(STDOUT_FILENO, F_GETFL);
        if (flags < 0 || fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        stream_widen(STDOUT_FILENO);
        return 0;
}

static int copy(const Store *store, StoreReport *report, struct sha256_ctx *hash) {
        const int idle_msec = (int) store->idle_sec * 1000;
        int r;

        for (;;) {
                ssize_t n;

                r = stream_wait(STDIN_FILENO, POLLIN, store->is_file ? -1 : STDOUT_FILENO,
                                idle_msec);
                if (r < 0)
                        return r;

                n = read(STDIN_FILENO, chunk, sizeof(chunk));
                if (n < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;

                if ((uint64_t) n > store->max - report->size)
                        return report_refuse_size(&report->header, store->max);
                r = stream_write(STDOUT_FILENO, chunk, (size_t) n, idle_msec);
                if (r < 0)
                        return r;
                sha256_update(hash, (size_t) n, chunk);
                report->size += (uint64_t) n;
        }
}

static int run(int argc, char **argv, StoreReport *report) {
        struct sha256_ctx hash;
        Store store = {};
        int r;

        r = parse_arguments(&store, argc, argv);
        if (r < 0)
                return r;
        /* A broken pipe or a limit on file sizes is an error of write(), with a report. */
        if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
                return -errno;
        r = prepare_output(&store);
        if (r < 0)
                return r;
        sha256_init(&hash);

        r = confine(rules, N_ELEMENTS(rules));
        if (r < 0)
                return r;
        r = copy(&store, report, &hash);
        if (r == -ETIMEDOUT)
                return report_refuse(&report->header, r, "No progress for %u s",
                                     (unsigned) store.idle_sec);
        if (r < 0)
                return r;
        sha256_digest(&hash, sizeof(report->digest), report->digest);
        return 0;
}

int main(int argc, char **argv) {
        static StoreReport report;
        int r;

        r = run(argc, argv, &report);
        return report_send(STDERR_FILENO, &report.header, sizeof(report), r);
}
