/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The launcher's state as it is handed from one image of the program to the next: a header and one
 * record for each child, in a memfd. Descriptors travel by number, since exec keeps them. It is
 * checked as if a stranger had written it: the next image is another version of this program.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "launcher/wire.h"

typedef struct Launcher Launcher;

#define STATE_MAGIC   UINT64_C(0x72656863756e616c) /* "launcher" */
#define STATE_VERSION 1U

typedef struct StateHeader {
        uint64_t magic;
        uint32_t version;
        uint32_t n_records;
        uint64_t next_id;
        int32_t listener_fd;
        uint32_t record_size;
} StateHeader;

typedef struct StateRecord {
        uint64_t id;
        uint64_t start_ticks;
        uint64_t deadline_usec;
        uint32_t kind;
        uint32_t state;
        uint32_t uid;
        uint32_t step;
        int32_t pid;
        int32_t end_fd;
        int32_t gate_fd;
        int32_t lock_fd;
        int32_t error;
        int32_t journal_error;
        int32_t wait_status;
        uint32_t timed_out;
        struct rusage usage;
        char name[LAUNCHER_NAME_MAX + 1];
        char scope[LAUNCHER_SCOPE_MAX + 1];
} StateRecord;

/* Whether @data is a whole state of our version; -EPROTO when not. *@ret_records points into
 * @data, which must be aligned for them. */
int state_check(const void *data,
                size_t size,
                const StateHeader **ret_header,
                const StateRecord **ret_records);

/* The state of @launcher in a memfd, which the caller owns. */
int state_save(const Launcher *launcher);

/* Fills @launcher, which has its leases and its loop but no children, from the memfd, and watches
 * the children. The caller owns *@ret_listener_fd. A record that can't be restored is left out;
 * returns how many those were. */
int state_restore(Launcher *launcher, int fd, int *ret_listener_fd);

/* Lets the descriptors that the state names through the next exec, or keeps them from it. */
int state_inherit(const Launcher *launcher, bool inherit);
