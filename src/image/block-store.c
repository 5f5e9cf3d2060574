/* SPDX-License-Identifier: ISC */

/*
 * albatross-block-store MAX IDLE_SEC RESERVE: writes what comes from descriptor 0, a pipe, to
 * descriptor 1, the new and empty file of a block device, and has it on disk. Understands nothing
 * of it but zeros, which it leaves out, so that they take no place. It stops before fewer than
 * RESERVE bytes are left on the disk, and when the pipe stays silent for IDLE_SEC.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/statfs.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/zeros.h"
#include "image/confine.h"
#include "image/report.h"
#include "image/stream.h"

/* After so many bytes the disk is set to work on them, and asked what it has left: waiting for all
 * of them at the end would take longer. */
#define STRIDE (UINT64_C(8) << 20)

static const ConfineRule rules[] = {
        {SCMP_SYS(read), STDIN_FILENO},
        {SCMP_SYS(pwrite64), STDOUT_FILENO},
        {SCMP_SYS(fsync), STDOUT_FILENO},
        {SCMP_SYS(sync_file_range), STDOUT_FILENO},
        {SCMP_SYS(fstatfs), STDOUT_FILENO},
        {SCMP_SYS(write), STDERR_FILENO},
        {SCMP_SYS(poll), -1},
};

typedef struct Store {
        uint64_t max, idle_sec, reserve;
        uint64_t stride_start; /* from here on nothing was sent to the disk yet */
        uint64_t n_stride;     /* bytes written since */
        BlockReport *report;
} Store;

static uint8_t chunk[STREAM_CHUNK];

static int parse_arguments(Store *ret, int argc, char **argv) {
        int r;

        if (argc != 4)
                return -EINVAL;
        r = number_parse(argv[1], INT64_MAX, &ret->max);
        if (r < 0)
                return r;
        r = number_parse(argv[2], INT_MAX / 1000, &ret->idle_sec);
        if (r < 0)
                return r;
        return number_parse(argv[3], UINT64_MAX, &ret->reserve);
}

static int check_space(Store *store) {
        struct statfs status;
        uint64_t free_bytes;

        if (fstatfs(STDOUT_FILENO, &status) < 0)
                return -errno;
        free_bytes = (uint64_t) status.f_bavail * (uint64_t) status.f_bsize;
        if (free_bytes >= store->reserve)
                return 0;
        return report_refuse(&store->report->header, -ENOSPC,
                             "The disk has only the %llu MiB left that are kept in reserve",
                             (unsigned long long) (store->reserve >> 20));
}

static int end_stride(Store *store, uint64_t offset) {
        /* That this does not work everywhere does no harm: fsync() does. */
        (void) sync_file_range(STDOUT_FILENO, (off_t) store->stride_start,
                               (off_t) (offset - store->stride_start), SYNC_FILE_RANGE_WRITE);
        store->stride_start = offset;
        store->n_stride = 0;
        return check_space(store);
}

static int write_data(Store *store, const uint8_t *data, size_t size, uint64_t offset) {
        while (size > 0) {
                ssize_t n = pwrite(STDOUT_FILENO, data, size, (off_t) offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                size -= (size_t) n;
                offset += (uint64_t) n;
                store->n_stride += (uint64_t) n;
                store->report->n_written += (uint64_t) n;
        }
        return store->n_stride >= STRIDE ? end_stride(store, offset) : 0;
}

static int store_chunk(Store *store, size_t size) {
        uint64_t offset = store->report->size;
        size_t done = 0, run;
        bool zeros;
        int r;

        for (; done < size; done += run) {
                run = zeros_run(chunk + done, size - done, offset + done, &zeros);
                if (zeros)
                        continue;
                r = write_data(store, chunk + done, run, offset + done);
                if (r < 0)
                        return r;
        }
        store->report->size += size;
        return 0;
}

static int copy(Store *store) {
        int r;

        for (;;) {
                ssize_t n;

                r = stream_wait(STDIN_FILENO, POLLIN, -1, (int) store->idle_sec * 1000);
                if (r < 0)
                        return r;
                n = read(STDIN_FILENO, chunk, sizeof(chunk));
                if (n < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return fsync(STDOUT_FILENO) < 0 ? -errno : 0;
                if ((uint64_t) n > store->max - store->report->size)
                        return report_refuse_size(&store->report->header, store->max);
                r = store_chunk(store, (size_t) n);
                if (r < 0)
                        return r;
        }
}

static int run(int argc, char **argv, BlockReport *report) {
        Store store = {.report = report};
        int r;

        r = parse_arguments(&store, argc, argv);
        if (r < 0)
                return r;
        /* A limit on file sizes is an error of pwrite(), with a report. */
        if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
                return -errno;
        r = confine(rules, N_ELEMENTS(rules));
        if (r < 0)
                return r;
        r = check_space(&store);
        if (r >= 0)
                r = copy(&store);
        if (r == -ETIMEDOUT)
                return report_refuse(&report->header, r, "No progress for %u s",
                                     (unsigned) store.idle_sec);
        return r;
}

int main(int argc, char **argv) {
        static BlockReport report;
        int r;

        r = run(argc, argv, &report);
        return report_send(STDERR_FILENO, &report.header, sizeof(report), r);
}
