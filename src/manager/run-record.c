/* SPDX-License-Identifier: ISC */

/*
 * /run/albatross/runs/NAME: the run at hand, or how the last one of this boot ended. It is what
 * tells a restart of the daemon from a boot of the host. On a tmpfs, so it is written from the
 * loop.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "base/file.h"
#include "manager/manager-internal.h"

#define RUN_RECORD_MAX (32U * 1024U) /* bytes; 64 invocations are some 3 KiB */

/* New file and rename: a daemon that dies in between leaves the old one whole. */
int run_record_write(const Unikernel *unikernel) {
        static const char temporary[] = "../runs.new";
        int folder_fd = unikernel->manager->run_fd;
        _cleanup_(freep) char *text = NULL;
        _cleanup_(fd_closep) int fd = -1;
        int r;

        r = run_record_format(unikernel, &text);
        if (r < 0)
                return r;
        fd = openat(folder_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = file_write_all(fd, text, strlen(text));
        if (r < 0)
                return r;
        if (renameat(folder_fd, temporary, folder_fd, unikernel->name.text) < 0)
                return -errno;
        return 0;
}

void run_record_remove_name(const Manager *manager, const char *name) {
        (void) unlinkat(manager->run_fd, name, 0);
}

void run_record_remove(const Unikernel *unikernel) {
        run_record_remove_name(unikernel->manager, unikernel->name.text);
}

int run_records_visit(Manager *manager, RunRecordVisitor visitor) {
        _cleanup_(directory_closep) DIR *directory = NULL;
        struct dirent *entry;
        int r;

        r = directory_open(&directory, manager->run_fd, ".");
        if (r < 0)
                return r;
        while ((entry = directory_next(directory))) {
                r = entry->d_type == DT_REG ? visitor(manager, entry->d_name) : 0;
                if (r < 0)
                        return r;
        }
        return -errno;
}

static int sweep(Manager *manager, const char *name) {
        /* Its record may be brought back, and go on from this. */
        if (!unikernels_find(manager, name) && !lost_has_record(manager, name))
                run_record_remove_name(manager, name);
        return 0;
}

int run_records_sweep(Manager *manager) {
        return run_records_visit(manager, sweep);
}

int run_record_read(Unikernel *unikernel, RunRecord *ret) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r;

        r = file_read_at(unikernel->manager->run_fd, unikernel->name.text, RUN_RECORD_MAX, &text,
                         &size);
        if (r < 0)
                return r;
        return run_record_parse(unikernel, ret, text, size);
}
