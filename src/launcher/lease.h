/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Which uids are in use, towards two sides. Towards the rest of the machine a uid is reserved as
 * systemd reserves those of DynamicUser=: by a BSD lock on /run/systemd/dynamic-uid/UID, held by
 * this process as long as anything needs it. Among our own children one rule holds: nothing else
 * runs as the uid of a running tender, since processes of one uid can read each other's memory.
 * Probes may share a uid, and a tender may wait at its gate beside them.
 */

#include <stdint.h>

#define LEASE_FOLDER "/run/systemd/dynamic-uid"

typedef enum LeaseTender {
        LEASE_NO_TENDER,
        LEASE_WAITING,
        LEASE_RUNNING,
        LEASE_LEFT, /* runs; an earlier launcher has started it */
} LeaseTender;

typedef struct Lease {
        int lock_fd;
        unsigned n_probes;
        LeaseTender tender;
} Lease;

typedef struct Leases {
        int folder_fd;
        uint32_t first, last;
        Lease *leases; /* of first, first + 1 ... last */
} Leases;

#define LEASES_NONE                                                                                \
        { .folder_fd = -1 }

/* For the uids from @first to @last, with the locks in @folder. */
int leases_open(Leases *leases, const char *folder, uint32_t first, uint32_t last);

/* Once, when what was handed over is restored: an earlier launcher that was killed has left its
 * files there without their locks. Those of uids as which something runs are locked again, the
 * others are removed. */
int leases_take_over(Leases *leases);

/* Both: -EPERM for a uid outside the range, -EBUSY for one that somebody else holds, or that can't
 * be shared with this. */
int lease_take_tender(Leases *leases, uint32_t uid);
int lease_take_probe(Leases *leases, uint32_t uid);

/* The tender of @uid leaves its gate. -EBUSY while a probe runs. */
int lease_run_tender(Leases *leases, uint32_t uid);

void lease_give_tender(Leases *leases, uint32_t uid);
void lease_give_probe(Leases *leases, uint32_t uid);

/* What an earlier launcher has left there is gone. -ENOENT when there was nothing. */
int lease_give_left(Leases *leases, uint32_t uid);

/* The lock's descriptor, -1 when there is none; it stays the leases'. */
int lease_lock_fd(const Leases *leases, uint32_t uid);

/* Takes over a lock that an earlier image of this program has taken; another one for the same uid
 * is closed. */
int lease_adopt(Leases *leases, uint32_t uid, int lock_fd);
