/* SPDX-License-Identifier: ISC */

/* Loaded into albatross-writer by bench-changes: while there is a file NO_FSYNC_FLAG, what is to be
 * on disk need not get there. */

#include <sys/syscall.h>
#include <unistd.h>

static int sync_file(long call, int fd) {
        return access(NO_FSYNC_FLAG, F_OK) == 0 ? 0 : (int) syscall(call, fd);
}

__attribute__((visibility("default"))) int fsync(int fd) {
        return sync_file(SYS_fsync, fd);
}

__attribute__((visibility("default"))) int fdatasync(int fd) {
        return sync_file(SYS_fdatasync, fd);
}
