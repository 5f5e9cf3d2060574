/* SPDX-License-Identifier: ISC */

/*
 * albatross-inflate MAX [--plain]: takes what a client sent on descriptor 0, inflates it when it is
 * zlib or gzip, and writes it to descriptor 1. Opens nothing. A client may pass any descriptor; it
 * is read from where it stands, and only when it was opened for reading, since whoever may only
 * write to a file must not get to know what is in it by asking us.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "image/confine.h"
#include "image/inflater.h"
#include "image/report.h"
#include "image/stream.h"

DEFINE_CLEANUP(Inflater *, inflater_free);

static const ConfineRule rules[] = {
        {SCMP_SYS(read), STDIN_FILENO},
        {SCMP_SYS(splice), STDIN_FILENO},
        {SCMP_SYS(write), STDOUT_FILENO},
        {SCMP_SYS(write), STDERR_FILENO},
        {SCMP_SYS(poll), -1},
};

/* What the pipe to the store holds, if it was made as wide as that. */
#define PASS_SIZE (1U << 20)

static uint8_t chunk[STREAM_CHUNK];

/* Looks at the descriptor, not at a byte of what is behind it. */
static int check_input(ReportHeader *header) {
        struct stat st;
        int flags;

        flags = fcntl(STDIN_FILENO, F_GETFL);
        if (flags < 0)
                return -errno;
        if (flags & O_PATH)
                return report_refuse(header, -EBADMSG,
                                     "The descriptor was opened with O_PATH, not for reading");
        if ((flags & O_ACCMODE) != O_RDONLY && (flags & O_ACCMODE) != O_RDWR)
                return report_refuse(header, -EBADMSG,
                                     "The descriptor was opened for writing, not for reading");

        if (fstat(STDIN_FILENO, &st) < 0)
                return -errno;
        if (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
                return 0;
        return report_refuse(header, -EBADMSG,
                             "The descriptor is a %s, not a file, a pipe or a socket",
                             S_ISDIR(st.st_mode)   ? "directory"
                             : S_ISBLK(st.st_mode) ? "block device"
                             : S_ISCHR(st.st_mode) ? "character device"
                                                   : "special file");
}

static int sink_write(const void *data, size_t size, void *userdata) {
        return stream_write(STDOUT_FILENO, data, size, -1);
}

/* What needs no look goes from the client to the store without being copied. 0 when this is over:
 * at the end, at the limit, or with a descriptor that can't do it. */
static int pass_on(Inflater *inflater) {
        int r;

        while (inflater_room(inflater) > 0) {
                ssize_t n;

                r = stream_wait(STDIN_FILENO, POLLIN, STDOUT_FILENO, -1);
                if (r < 0)
                        return r;
                n = splice(STDIN_FILENO, NULL, STDOUT_FILENO, NULL,
                           MIN_OF(inflater_room(inflater), (uint64_t) PASS_SIZE), 0);
                if (n < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (n < 0)
                        return errno == EPIPE ? -EPIPE : 0;
                if (n == 0)
                        return 0;
                inflater_pass(inflater, (uint64_t) n);
        }
        return 0;
}

static int pump(Inflater *inflater, ReportHeader *header) {
        int r;

        for (;;) {
                ssize_t n;

                if (inflater_passes(inflater)) {
                        r = pass_on(inflater);
                        if (r < 0)
                                return r;
                }

                /* While the client is silent, the store may give up. A stream of data that stands
                 * for nothing is found out here, too: it gives the store no progress. */
                r = stream_wait(STDIN_FILENO, POLLIN, STDOUT_FILENO, -1);
                if (r < 0)
                        return r;

                n = read(STDIN_FILENO, chunk, sizeof(chunk));
                if (n < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (n < 0)
                        return report_refuse(header, -EBADMSG, "The data can't be read: %s",
                                             strerrordesc_np(errno));
                if (n == 0)
                        return inflater_finish(inflater, header);

                r = inflater_push(inflater, chunk, (size_t) n, header);
                if (r < 0)
                        return r;
        }
}

static int run(int argc, char **argv, InflateReport *report) {
        _cleanup_(inflater_freep) Inflater *inflater = NULL;
        bool is_plain;
        uint64_t max;
        int r;

        is_plain = argc == 3 && strcmp(argv[2], "--plain") == 0;
        r = argc == 2 || is_plain ? number_parse(argv[1], UINT64_MAX, &max) : -EINVAL;
        if (r < 0)
                return r;
        r = inflater_new(&inflater, max, sink_write, NULL);
        if (r < 0)
                return r;
        if (is_plain)
                inflater_set_plain(inflater);

        /* A broken pipe is an error of write(), with a report, not a signal. */
        if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;
        stream_widen(STDOUT_FILENO);
        r = check_input(&report->header);
        if (r < 0)
                return r;

        r = confine(rules, N_ELEMENTS(rules));
        if (r < 0)
                return r;
        r = pump(inflater, &report->header);
        report->format = inflater_format(inflater);
        report->size = inflater_size(inflater);
        return r;
}

int main(int argc, char **argv) {
        static InflateReport report;
        int r;

        r = run(argc, argv, &report);
        return report_send(STDERR_FILENO, &report.header, sizeof(report), r);
}
