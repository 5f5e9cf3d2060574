/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What happens in a child between fork and exec: root, with nothing in its hands, becomes one
 * program of one unprivileged uid. Nothing here runs in the launcher itself, so whatever could
 * block or fail on a descriptor that somebody handed in is done here.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/packet.h"
#include "launcher/wire.h"

typedef enum ChildKind {
        CHILD_TENDER = 1, /* waits at its gate, then runs for as long as it likes */
        CHILD_PROBE,
} ChildKind;

typedef struct ChildPlan {
        ChildKind kind;
        uint32_t uid;
        uint32_t gid; /* a further group, 0: none */
        uint64_t cpus[LAUNCHER_CPUS_MAX / 64];
        const char *name;
        const char *scope;
        const int *fds; /* program, command line, then those to pass on */
        size_t n_fds;
} ChildPlan;

/* What the launcher writes into the gate of a tender, with the descriptors beside it. */
typedef struct GateOrder {
        uint32_t gid;
        uint32_t reserved;
        uint64_t cpus[LAUNCHER_CPUS_MAX / 64];
} GateOrder;

/* What the child writes into its gate. Nothing at all means that everything went well: the gate is
 * close-on-exec, so its end is seen when the program runs. A message without .error is a program
 * that will run, but without its journal. */
typedef struct GateReport {
        int32_t error;
        int32_t journal_error;
        uint32_t step; /* LauncherStep */
} GateReport;

/* The child's life, up to its program or its end. @gate_fd is its end of the gate. A tender's
 * plan has no descriptors yet. */
_Noreturn void child_main(const ChildPlan *plan, int gate_fd);
