/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/tender.h"

static FileStamp stamp_of(const struct stat *status) {
        return (FileStamp){
                .device = status->st_dev,
                .inode = status->st_ino,
                .size = status->st_size,
                .modified = status->st_mtim,
                .changed = status->st_ctim,
        };
}

int file_stamp(const char *path, FileStamp *ret) {
        struct stat status;

        if (stat(path, &status) < 0)
                return -errno;
        *ret = stamp_of(&status);
        return 0;
}

static bool time_equal(const struct timespec *a, const struct timespec *b) {
        return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool file_stamp_equal(const FileStamp *a, const FileStamp *b) {
        return a->device == b->device && a->inode == b->inode && a->size == b->size &&
               time_equal(&a->modified, &b->modified) && time_equal(&a->changed, &b->changed);
}

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
        char folder[PATH_MAX];
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

/* The name that the file itself has, where the one given leads over links. */
static int check_true_folders(int fd, const char *path, Fault *fault) {
        char link[sizeof("/proc/self/fd/") + 3 * sizeof(fd)], target[PATH_MAX];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = '\0';
        return strcmp(path, target) == 0 ? 0 : check_folders(target, fault);
}

static int check_program(const struct stat *status, const char *path, Fault *fault) {
        const mode_t for_all = S_IROTH | S_IXOTH;
        int r;

        if (!S_ISREG(status->st_mode))
                return fault_set(fault, FAULT_NO_TENDER, "%s is not a program", path);
        /* It runs as a uid of its own; and what that uid may not read, it could not open its
         * image through /proc/self/fd with. */
        if ((status->st_mode & for_all) != for_all) {
                r = fault_set(fault, FAULT_NO_TENDER, "%s can't be read and executed by everybody",
                              path);
                fault_hint(fault, "Try: chmod 755 %s", path);
                return r;
        }
        return refuse_writable(status, path, fault);
}

int trusted_open(const char *path, FileStamp *ret_stamp, Fault *fault) {
        _cleanup_(fd_closep) int fd = -1;
        struct stat status;
        int r;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return fault_set(fault, FAULT_NO_TENDER, "%s can't be opened: %s", path,
                                 strerror(errno));
        if (fstat(fd, &status) < 0)
                return -errno;
        r = check_program(&status, path, fault);
        if (r < 0)
                return r;
        r = check_folders(path, fault);
        if (r < 0)
                return r;
        r = check_true_folders(fd, path, fault);
        if (r < 0)
                return r;
        if (ret_stamp)
                *ret_stamp = stamp_of(&status);
        return TAKE_FD(fd);
}

int kvm_group(uint32_t *ret, Fault *fault) {
        const mode_t for_group = S_IRGRP | S_IWGRP, for_all = S_IROTH | S_IWOTH;
        struct stat status;
        int r;

        if (stat("/dev/kvm", &status) < 0) {
                r = fault_set(fault, FAULT_NO_TENDER,
                              "Images for hvt need /dev/kvm, which this host has not: %s",
                              strerror(errno));
                fault_hint(fault, "Load the module kvm_intel or kvm_amd and restart "
                                  "albatross-launcher and albatrossd, or build the image for spt");
                return r;
        }
        if ((status.st_mode & for_all) == for_all) {
                *ret = 0;
                return 0;
        }
        if (status.st_gid == 0 || (status.st_mode & for_group) != for_group) {
                r = fault_set(fault, FAULT_NO_TENDER,
                              "Images for hvt need /dev/kvm, which root alone may use here");
                fault_hint(fault, "Try: chgrp kvm /dev/kvm && chmod 660 /dev/kvm");
                return r;
        }
        *ret = status.st_gid;
        return 0;
}
