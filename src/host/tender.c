/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "host/tender.h"

/* Solo5's elf_abi.h and spt_abi.h: the target's number, and the ABI that albatross-spt speaks. */
#define TARGET_SPT      2
#define SPT_ABI_VERSION 2

/* Until it is measured under load: tender, page tables and kernel memory of one spt guest. */
#define SPT_OVERHEAD (8ULL << 20)

static int refuse_writable(const struct stat *status, const char *path, Fault *fault) {
        int r;

        if (status->st_uid == 0 && !(status->st_mode & (S_IWGRP | S_IWOTH)))
                return 0;
        /* /tmp and its like: others can't replace what is not theirs. */
        if (status->st_uid == 0 && S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX))
                return 0;
        r = fault_set(fault, FAULT_NO_TENDER, "%s can be written to by others than root", path);
        fault_hint(fault, "Try: chown root:root %s && chmod go-w %s", path, path);
        return r;
}

/* Every folder from / down, so that nobody but root could have put this program here. */
static int check_folders(const char *path, Fault *fault) {
        char folder[256];
        struct stat status;
        int r;

        for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
                size_t length = slash == path ? 1 : (size_t) (slash - path);

                if (length >= sizeof(folder))
                        return -ENAMETOOLONG;
                memcpy(folder, path, length);
                folder[length] = '\0';
                if (stat(folder, &status) < 0)
                        return -errno;
                r = refuse_writable(&status, folder, fault);
                if (r < 0)
                        return r;
        }
        return 0;
}

int trusted_open(const char *path, Fault *fault) {
        _cleanup_(fd_closep) int fd = -1;
        struct stat status;
        int r;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return fault_set(fault, FAULT_NO_TENDER, "%s can't be opened: %s", path,
                                 strerror(errno));
        if (fstat(fd, &status) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode) || !(status.st_mode & S_IXUSR))
                return fault_set(fault, FAULT_NO_TENDER, "%s is not a program", path);
        r = refuse_writable(&status, path, fault);
        if (r < 0)
                return r;
        r = check_folders(path, fault);
        if (r < 0)
                return r;
        return TAKE_FD(fd);
}

int tender_open(Tender *ret, const char *path, Fault *fault) {
        Tender tender = {
                .kind = TENDER_ALBATROSS_SPT,
                .target = TARGET_SPT,
                .abi_version = SPT_ABI_VERSION,
                .overhead_bytes = SPT_OVERHEAD,
        };

        if (strlen(path) >= sizeof(tender.path))
                return -ENAMETOOLONG;
        strcpy(tender.path, path);
        tender.fd = trusted_open(path, fault);
        if (tender.fd < 0)
                return tender.fd;
        *ret = tender;
        return 0;
}

void tender_close(Tender *tender) {
        tender->fd = fd_close(tender->fd);
}
