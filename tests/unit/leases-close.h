/* SPDX-License-Identifier: ISC */
#pragma once

/* What the end of the launcher does: all locks are closed, and by that given back. */

#include <stdlib.h>

#include "base/cleanup.h"
#include "launcher/lease.h"

static inline void leases_close(Leases *leases) {
        if (leases->leases)
                for (size_t i = 0; i <= leases->last - leases->first; i++)
                        fd_close(leases->leases[i].lock_fd);
        free(leases->leases);
        leases->leases = NULL;
        leases->folder_fd = fd_close(leases->folder_fd);
}
