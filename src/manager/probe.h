/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * One of our powerless programs, or a tender that is asked for its version, run by the launcher
 * under a uid that nobody else has, with a deadline; and the report that it leaves on its
 * descriptor 2.
 */

#include <stddef.h>
#include <stdint.h>

#include "manager/manager-internal.h"

typedef struct ProbeSpec {
        Program program;
        const char *name; /* argv[0] of another program than ours; NULL otherwise */
        int program_fd;   /* that one, opened by trusted_open(); stays the caller's, and open */
        const char *arguments[3]; /* beyond argv[0]; NULL ends them */
        int input, output;        /* become 0 and 1, stay the caller's; -1 is /dev/null */
        uint64_t deadline_usec;   /* from its start */
        uint64_t patience_usec;   /* from now: as long it waits while too many others run */
        uint32_t report_max;      /* bytes; 0: what our own programs may need. A report is at
                                   * most twice as large, and too large when it is larger. */
} ProbeSpec;

typedef struct ProbeResult {
        int error; /* 0: it ended by itself; -ETIMEDOUT; -EPIPE: the launcher is gone; ... */
        int wait_status;
        void *report; /* valid during the call; what there is of it, however it ended */
        size_t report_size;
} ProbeResult;

typedef void (*ProbeDone)(void *userdata, const ProbeResult *result);

/* What a probe itself may fail of, before its report counts. @what, "The image", has until then not
 * arrived. */
int probe_check(const ProbeResult *result, const char *what, uint64_t deadline_usec, Fault *fault);

/* Copies the report to @target if it is as large as that; says how large it is in any case. */
void probe_copy_report(const ProbeResult *result,
                       void *target,
                       size_t target_size,
                       size_t *ret_size);

/* @done is called exactly once, when this returns 0. */
int probe_start(Manager *manager, const ProbeSpec *spec, ProbeDone done, void *userdata);

/* Ends those that were started with this @userdata; their ends are told as ever. */
void probes_cancel(Manager *manager, const void *userdata);

/* Nobody is told of those that are under way: the manager goes. */
void probes_free_all(Manager *manager);
