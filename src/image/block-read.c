/* SPDX-License-Identifier: ISC */

/*
 * albatross-block-read FORMAT IDLE_SEC: writes descriptor 0, the file of a block device, to
 * descriptor 1, the client's pipe, as it is (FORMAT none) or as gzip. Holes are not read. A client
 * that takes nothing for IDLE_SEC is given up.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/zeros.h"
#include "image/confine.h"
#include "image/deflater.h"
#include "image/report.h"
#include "image/stream.h"

DEFINE_CLEANUP(Deflater *, deflater_free);

/* Of the pipe: what pipe-max-size allows to everybody. */
#define PIPE_SIZE (1U << 20)

static const ConfineRule rules[] = {
        {SCMP_SYS(pread64), STDIN_FILENO}, {SCMP_SYS(splice), STDIN_FILENO},
        {SCMP_SYS(lseek), STDIN_FILENO},   {SCMP_SYS(write), STDOUT_FILENO},
        {SCMP_SYS(write), STDERR_FILENO},  {SCMP_SYS(poll), -1},
};

typedef struct Reading {
        int idle_msec;
        uint64_t size;      /* of the device */
        uint64_t copy_from; /* from here on nothing of the file itself may stay in the pipe */
        Deflater *deflater; /* NULL: as it is */
        BlockReport *report;
} Reading;

static uint8_t chunk[STREAM_CHUNK];
static const uint8_t zeros[STREAM_CHUNK];

static int sink(const void *data, size_t size, void *userdata) {
        Reading *reading = userdata;
        int r;

        r = stream_write(STDOUT_FILENO, data, size, reading->idle_msec);
        if (r >= 0)
                reading->report->n_written += size;
        return r;
}

static int put_zeros(Reading *reading, uint64_t size) {
        int r = 0;

        if (reading->deflater)
                return deflater_push_zeros(reading->deflater, size);
        for (size_t n; r >= 0 && size > 0; size -= n) {
                n = (size_t) MIN_OF(size, (uint64_t) sizeof(zeros));
                r = sink(zeros, n, reading);
        }
        return r;
}

/* -ENODATA where the file ends before the device does: somebody has cut it. */
static int copy_data(Reading *reading, uint64_t offset, uint64_t end) {
        int r;

        while (offset < end) {
                size_t wanted = (size_t) MIN_OF(end - offset, (uint64_t) sizeof(chunk));
                ssize_t n = pread(STDIN_FILENO, chunk, wanted, (off_t) offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -ENODATA;
                if (!reading->deflater)
                        r = sink(chunk, (size_t) n, reading);
                else if (zeros_only(chunk, (size_t) n))
                        r = deflater_push_zeros(reading->deflater, (uint64_t) n);
                else
                        r = deflater_push(reading->deflater, chunk, (size_t) n);
                if (r < 0)
                        return r;
                offset += (uint64_t) n;
        }
        return 0;
}

/* The pages of the file go into the pipe as they are. */
static int splice_data(Reading *reading, uint64_t offset, uint64_t end) {
        off_t position = (off_t) offset;
        int r;

        while ((uint64_t) position < end) {
                ssize_t n = splice(STDIN_FILENO, &position, STDOUT_FILENO, NULL,
                                   (size_t) MIN_OF(end - (uint64_t) position, (uint64_t) PIPE_SIZE),
                                   SPLICE_F_NONBLOCK);

                if (n > 0) {
                        reading->report->n_written += (uint64_t) n;
                        continue;
                }
                if (n == 0)
                        return -ENODATA;
                if (errno == EINVAL)
                        return copy_data(reading, (uint64_t) position, end);
                if (errno == EAGAIN) {
                        r = stream_wait(STDOUT_FILENO, POLLOUT, -1, reading->idle_msec);
                        if (r < 0)
                                return r;
                } else if (errno != EINTR)
                        return -errno;
        }
        return 0;
}

/* What is still in the pipe when this program ends must be a copy: the device may be written to
 * from then on, and the client reads when he likes. */
static int put_data(Reading *reading, uint64_t offset, uint64_t end) {
        uint64_t split = reading->deflater ? offset : MIN_OF(end, reading->copy_from);
        int r;

        if (offset < split) {
                r = splice_data(reading, offset, split);
                if (r < 0)
                        return r;
                offset = split;
        }
        return copy_data(reading, offset, end);
}

/* Where the next data begins, or what there is of it ends. A file system that knows no holes has
 * data everywhere. */
static int seek(uint64_t offset, int what, uint64_t size, uint64_t *ret) {
        off_t position = lseek(STDIN_FILENO, (off_t) offset, what);

        if (position < 0 && errno == EINVAL)
                position = what == SEEK_DATA ? (off_t) offset : (off_t) size;
        else if (position < 0 && errno == ENXIO)
                position = (off_t) size;
        if (position < 0)
                return -errno;
        *ret = MIN_OF((uint64_t) position, size);
        return 0;
}

static int read_all(Reading *reading) {
        uint64_t offset = 0, data, hole;
        int r = 0;

        while (r >= 0 && offset < reading->size) {
                r = seek(offset, SEEK_DATA, reading->size, &data);
                if (r >= 0)
                        r = put_zeros(reading, data - offset);
                if (r < 0 || data == reading->size)
                        break;
                r = seek(data, SEEK_HOLE, reading->size, &hole);
                if (r >= 0)
                        r = put_data(reading, data, hole);
                offset = hole;
        }
        if (r >= 0 && reading->deflater)
                r = deflater_finish(reading->deflater);
        return r;
}

static int prepare(Reading *reading, int argc, char **argv) {
        uint64_t idle_sec;
        struct stat st;
        int flags, width;
        int r;

        if (argc != 3)
                return -EINVAL;
        r = number_parse(argv[2], INT_MAX / 1000, &idle_sec);
        if (r < 0)
                return r;
        reading->idle_msec = (int) idle_sec * 1000;
        if (strcmp(argv[1], "gzip") == 0)
                r = deflater_new(&reading->deflater, sink, reading);
        else if (strcmp(argv[1], "none") != 0)
                r = -EINVAL;
        if (r < 0)
                return r;

        if (fstat(STDIN_FILENO, &st) < 0)
                return -errno;
        reading->size = (uint64_t) st.st_size;
        /* A write that blocks could not be given up. */
        flags = fcntl(STDOUT_FILENO, F_GETFL);
        if (flags < 0 || fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        width = fcntl(STDOUT_FILENO, F_GETPIPE_SZ);
        if (width < 0)
                return -errno;
        reading->copy_from = reading->size - MIN_OF(reading->size, (uint64_t) width);
        return 0;
}

static int run(int argc, char **argv, BlockReport *report) {
        Reading reading = {.report = report};
        _cleanup_(deflater_freep) Deflater *deflater = NULL;
        int r;

        r = prepare(&reading, argc, argv);
        deflater = reading.deflater;
        if (r < 0)
                return r;
        if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;
        r = confine(rules, N_ELEMENTS(rules));
        if (r < 0)
                return r;
        report->size = reading.size;
        r = read_all(&reading);
        if (r == -ETIMEDOUT)
                return report_refuse(&report->header, r, "No progress for %d s",
                                     reading.idle_msec / 1000);
        return r;
}

int main(int argc, char **argv) {
        static BlockReport report;
        int r;

        r = run(argc, argv, &report);
        return report_send(STDERR_FILENO, &report.header, sizeof(report), r);
}
