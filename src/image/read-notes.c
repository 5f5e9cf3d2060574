/* SPDX-License-Identifier: ISC */

/*
 * albatross-read-notes: reads the notes of the image on descriptor 0. It maps the file before it
 * shuts itself in, and from then on needs no system call but the one that reports. The mapping is
 * private: what is changed in it (image/notes.h) never reaches the file.
 */

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "image/confine.h"
#include "image/notes.h"
#include "image/report.h"

static const ConfineRule rules[] = {
        {SCMP_SYS(write), STDERR_FILENO},
};

static int map_image(void **ret, size_t *ret_size) {
        struct stat st;
        void *image;

        if (fstat(STDIN_FILENO, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;
        *ret = NULL;
        *ret_size = 0;
        /* Nothing can't be mapped. */
        if (st.st_size == 0)
                return 0;

        image = mmap(NULL, (size_t) st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE,
                     STDIN_FILENO, 0);
        if (image == MAP_FAILED)
                return -errno;
        *ret = image;
        *ret_size = (size_t) st.st_size;
        return 0;
}

/* The file is finished when the other end of descriptor 1 is closed. So we can be started while it
 * is being written, and nobody waits for our start. */
static int wait_until_finished(void) {
        char byte;
        ssize_t n;

        do
                n = read(STDOUT_FILENO, &byte, sizeof(byte));
        while (n > 0 || (n < 0 && errno == EINTR));
        return n < 0 ? -errno : 0;
}

static int run(int argc, NotesReport *report) {
        void *image;
        size_t size;
        int r;

        if (argc != 1)
                return -EINVAL;
        r = wait_until_finished();
        if (r < 0)
                return r;
        r = map_image(&image, &size);
        if (r < 0)
                return r;
        r = confine(rules, N_ELEMENTS(rules));
        if (r < 0)
                return r;
        return notes_read(report, image, size);
}

int main(int argc, char **argv) {
        static NotesReport report;
        int r;

        r = run(argc, &report);
        return report_send(STDERR_FILENO, &report.header, sizeof(report), r);
}
