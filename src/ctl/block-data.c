/* SPDX-License-Identifier: ISC */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/zeros.h"
#include "ctl/block-data.h"
#include "ctl/call.h"
#include "ctl/error.h"
#include "ctl/progress.h"

#define CHUNK_SIZE (256U * 1024U)

/* After so many bytes the disk is set to work on them. */
#define STRIDE (UINT64_C(8) << 20)

/* --- in --- */

/* How far a file is read: who reads it has the same open file, and so the same offset. */
static uint64_t offset_of(int fd) {
        off_t offset = lseek(fd, 0, SEEK_CUR);

        return offset < 0 ? 0 : (uint64_t) offset;
}

static int wait_and_show(Call *call, int content_fd, Progress *progress, Fault *fault) {
        int r;

        while (!call->reply) {
                r = sd_bus_process(call->bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(call->bus, PROGRESS_USEC);
                if (r < 0 && r != -EINTR)
                        return error_from_bus(fault, NULL, r);
                progress_show(progress, offset_of(content_fd));
        }
        return 0;
}

int block_send_content(sd_bus *bus,
                       sd_bus_message *request,
                       int content_fd,
                       const Options *options,
                       Fault *fault) {
        _cleanup_(progress_stop) Progress progress = {};
        _cleanup_(call_done) Call call = {};
        struct stat status;
        int r;

        if (fstat(content_fd, &status) >= 0 && S_ISREG(status.st_mode))
                progress = progress_start(options, (uint64_t) status.st_size);
        r = call_send(&call, bus, request, CALL_PATIENTLY, fault);
        if (r >= 0 && progress.wanted)
                r = wait_and_show(&call, content_fd, &progress, fault);
        return r < 0 ? r : call_wait(&call, fault);
}

/* --- out --- */

typedef struct Copy {
        int to_fd;
        bool sparse;
        uint64_t offset, stride_start;
        uint8_t tail[4]; /* the last bytes that came */
} Copy;

/* Keeps the last of @size bytes. */
static void note_tail(Copy *copy, const char *data, size_t size) {
        size_t n = MIN_OF(size, sizeof(copy->tail));

        memmove(copy->tail, copy->tail + n, sizeof(copy->tail) - n);
        memcpy(copy->tail + sizeof(copy->tail) - n, data + size - n, n);
}

/* Did all come? The last of a gzip stream is the size of what is in it, modulo 2^32 (RFC 1952). */
static bool is_whole(const Copy *copy, const BlockContent *content) {
        uint32_t size;

        if (!content->compressed)
                return copy->offset == content->size;
        memcpy(&size, copy->tail, sizeof(size));
        return copy->offset > sizeof(size) && le32toh(size) == (uint32_t) content->size;
}

static int write_at(Copy *copy, const char *data, size_t size, uint64_t offset) {
        while (size > 0) {
                ssize_t n = pwrite(copy->to_fd, data, size, (off_t) offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                size -= (size_t) n;
                offset += (uint64_t) n;
        }
        return 0;
}

static int write_sparsely(Copy *copy, const char *data, size_t size) {
        size_t done = 0, run;
        bool zeros;
        int r;

        for (; done < size; done += run) {
                run = zeros_run(data + done, size - done, copy->offset + done, &zeros);
                if (zeros)
                        continue;
                r = write_at(copy, data + done, run, copy->offset + done);
                if (r < 0)
                        return r;
        }
        if (copy->offset + size - copy->stride_start >= STRIDE) {
                /* That this does not work everywhere does no harm: fsync() does. */
                (void) sync_file_range(copy->to_fd, (off_t) copy->stride_start,
                                       (off_t) (copy->offset + size - copy->stride_start),
                                       SYNC_FILE_RANGE_WRITE);
                copy->stride_start = copy->offset + size;
        }
        return 0;
}

static int copy_all(Copy *copy, int from_fd, Progress *progress, Fault *fault) {
        static char chunk[CHUNK_SIZE];
        int r;

        for (;;) {
                ssize_t n = read(from_fd, chunk, sizeof(chunk));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return fault_set(fault, FAULT_FAILED, "The content breaks off: %s",
                                         strerror(errno));
                if (n == 0)
                        return 0;
                r = copy->sparse ? write_sparsely(copy, chunk, (size_t) n)
                                 : file_write_all(copy->to_fd, chunk, (size_t) n);
                if (r < 0)
                        return fault_set(fault, r == -ENOSPC ? FAULT_NO_SPACE : FAULT_FAILED,
                                         "The content can't be written: %s", strerror(-r));
                copy->offset += (uint64_t) n;
                note_tail(copy, chunk, (size_t) n);
                progress_show(progress, copy->offset);
        }
}

/* The last zeros are there only by its size. It is on disk before it has its name. */
static int finish_sparse(const Copy *copy, Fault *fault) {
        if (ftruncate(copy->to_fd, (off_t) copy->offset) < 0 || fsync(copy->to_fd) < 0)
                return fault_set(fault, FAULT_FAILED, "The content can't be written: %s",
                                 strerror(errno));
        return 0;
}

int block_copy_content(const BlockContent *content,
                       int to_fd,
                       bool sparse,
                       const Options *options,
                       Fault *fault) {
        _cleanup_(progress_stop) Progress progress = {};
        Copy copy = {.to_fd = to_fd, .sparse = sparse};
        int r;

        progress = progress_start(options, content->compressed ? 0 : content->size);
        r = copy_all(&copy, content->fd, &progress, fault);
        if (r < 0)
                return r;
        if (!is_whole(&copy, content))
                return fault_set(fault, FAULT_FAILED, "The content breaks off after %llu bytes",
                                 (unsigned long long) copy.offset);
        return sparse ? finish_sparse(&copy, fault) : 0;
}
