/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "writer/uids.h"
#include "writer/wire.h"

static bool is_free(uid_t uid) {
        char buffer[16384];
        struct passwd entry, *found = NULL;
        int error;

        error = getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found);
        /* The ways of getpwnam_r(3) to say "not found". An entry that is too large for the buffer
         * (ERANGE) is one, and a service that does not answer (EAGAIN, EIO) may know one. */
        return !found && (error == 0 || error == ENOENT || error == ESRCH);
}

int uids_copy(const void *data, size_t size, uint32_t **ret, uint32_t *ret_n) {
        uint32_t *uids;

        if (size % sizeof(*uids) != 0 || size > WRITER_UIDS_MAX * sizeof(*uids))
                return -EBADMSG;
        /* Never zero bytes, for which malloc() might return NULL. */
        uids = malloc(size + 1);
        if (!uids)
                return -ENOMEM;
        memcpy(uids, data, size);

        *ret = uids;
        *ret_n = (uint32_t) (size / sizeof(*uids));
        return 0;
}

uint32_t uids_keep_free(uint32_t *uids, uint32_t n) {
        uint32_t n_free = 0;

        for (uint32_t i = 0; i < n; i++)
                if (is_free(uids[i]))
                        uids[n_free++] = uids[i];
        return n_free;
}
