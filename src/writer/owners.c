/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "writer/owners.h"

/* A group comes with all its members: so much of them is read, then it is told that NSS can't. */
#define BUFFER_MAX (1U << 20)

int owner_questions_copy(const void *data, size_t size, WriterOwner **ret, uint32_t *ret_n) {
        size_t n = size / sizeof(WriterOwner);
        WriterOwner *owners;

        if (size % sizeof(*owners) != 0 || n > WRITER_OWNERS_MAX)
                return -EBADMSG;
        /* Never zero bytes, for which malloc() might return NULL. */
        owners = malloc(size + 1);
        if (!owners)
                return -ENOMEM;
        memcpy(owners, data, size);
        for (size_t i = 0; i < n; i++)
                if (!memchr(owners[i].name, '\0', sizeof(owners[i].name)) ||
                    (owners[i].kind != WRITER_USER && owners[i].kind != WRITER_GROUP)) {
                        free(owners);
                        return -EBADMSG;
                }

        *ret = owners;
        *ret_n = (uint32_t) n;
        return 0;
}

/* The ways of getpwnam_r(3) to say "not found" are many. */
static int not_found(int error) {
        return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM
                       ? -ENOENT
                       : -error;
}

static int take(WriterOwner *owner, uint32_t id, const char *name) {
        if (strlen(name) > WRITER_NAME_MAX)
                return -ENAMETOOLONG;
        owner->id = id;
        memset(owner->name, 0, sizeof(owner->name));
        strcpy(owner->name, name);
        return 0;
}

static int look_up_user(WriterOwner *owner, char *buffer, size_t size) {
        struct passwd entry, *found = NULL;
        int error;

        error = owner->by_id ? getpwuid_r(owner->id, &entry, buffer, size, &found)
                             : getpwnam_r(owner->name, &entry, buffer, size, &found);
        return found ? take(owner, found->pw_uid, found->pw_name) : not_found(error);
}

static int look_up_group(WriterOwner *owner, char *buffer, size_t size) {
        struct group entry, *found = NULL;
        int error;

        error = owner->by_id ? getgrgid_r(owner->id, &entry, buffer, size, &found)
                             : getgrnam_r(owner->name, &entry, buffer, size, &found);
        return found ? take(owner, found->gr_gid, found->gr_name) : not_found(error);
}

static int look_up(WriterOwner *owner) {
        int r = -ERANGE;

        for (size_t size = 16384; r == -ERANGE && size <= BUFFER_MAX; size *= 4) {
                char *buffer = malloc(size);

                if (!buffer)
                        return -ENOMEM;
                r = owner->kind == WRITER_USER ? look_up_user(owner, buffer, size)
                                               : look_up_group(owner, buffer, size);
                free(buffer);
        }
        return r;
}

void owner_questions_answer(WriterOwner *owners, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                owners[i].error = look_up(&owners[i]);
}
