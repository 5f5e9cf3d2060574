/* SPDX-License-Identifier: ISC */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "writer/block.h"

static int set_size(State *state, int fd, const char *name, uint64_t size) {
        int r;

        if (size > INT64_MAX)
                r = -EFBIG;
        else
                r = ftruncate(fd, (off_t) size) < 0 ? -errno : 0;
        if (r < 0)
                (void) state_remove(state, WRITER_BLOCK_TMP, name);
        return r;
}

int block_stage(State *state, uint64_t size, char ret_name[static STATE_STAGED_MAX]) {
        _cleanup_(fd_closep) int fd = -1;
        char name[STATE_STAGED_MAX];
        int r;

        fd = state_make_staged(state, WRITER_BLOCK_TMP, name);
        if (fd < 0)
                return fd;
        r = set_size(state, fd, name, size);
        if (r < 0)
                return r;
        memcpy(ret_name, name, sizeof(name));
        return TAKE_FD(fd);
}

int block_make_temporary(State *state, const char *name, uint64_t size) {
        _cleanup_(fd_closep) int fd = -1;
        int r;

        fd = openat(state->folders[WRITER_BLOCK_TMP], name,
                    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = set_size(state, fd, name, size);
        return r < 0 ? r : TAKE_FD(fd);
}

int block_open_temporary(State *state, const char *name) {
        return state_open_file(state, WRITER_BLOCK_TMP, name);
}

int block_replace(State *state, const char *name, const char *target, uint64_t inode) {
        struct stat st;
        int r;

        remains_hold(&state->remains, state->folders[WRITER_BLOCKS], target);
        if (renameat(state->folders[WRITER_BLOCK_TMP], name, state->folders[WRITER_BLOCKS],
                     target) >= 0)
                return 0;
        r = -errno;
        if (r == -ENOENT && inode != 0 &&
            fstatat(state->folders[WRITER_BLOCKS], target, &st, AT_SYMLINK_NOFOLLOW) >= 0 &&
            st.st_ino == inode)
                return 0;
        return r;
}

/* The list as it is stored: acl(5). What the owner may and what a mask bounds come along. */
typedef struct Acl {
        struct posix_acl_xattr_header header;
        struct posix_acl_xattr_entry entries[5];
} Acl;

static struct posix_acl_xattr_entry entry(uint16_t tag, uint16_t permissions, uint32_t id) {
        return (struct posix_acl_xattr_entry){
                .e_tag = htole16(tag),
                .e_perm = htole16(permissions),
                .e_id = htole32(id),
        };
}

int block_grant(State *state, const char *name, uint32_t uid) {
        _cleanup_(fd_closep) int fd = -1;
        const uint16_t both = ACL_READ | ACL_WRITE;
        const uint32_t nobody = (uint32_t) ACL_UNDEFINED_ID;
        const Acl acl = {
                .header.a_version = htole32(POSIX_ACL_XATTR_VERSION),
                .entries = {entry(ACL_USER_OBJ, both, nobody), entry(ACL_USER, both, uid),
                            entry(ACL_GROUP_OBJ, 0, nobody), entry(ACL_MASK, both, nobody),
                            entry(ACL_OTHER, 0, nobody)},
        };

        fd = state_open_file(state, WRITER_BLOCKS, name);
        if (fd < 0)
                return fd;
        if (fsetxattr(fd, XATTR_NAME_POSIX_ACL_ACCESS, &acl, sizeof(acl), 0) < 0)
                return -errno;
        return 0;
}

int block_revoke(State *state, const char *name) {
        _cleanup_(fd_closep) int fd = -1;

        fd = state_open_file(state, WRITER_BLOCKS, name);
        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return fd;
        if (fremovexattr(fd, XATTR_NAME_POSIX_ACL_ACCESS) < 0 && errno != ENODATA &&
            errno != EOPNOTSUPP)
                return -errno;
        /* Without the list, what was its mask would be the group's right. */
        return fchmod(fd, 0600) < 0 ? -errno : 0;
}
