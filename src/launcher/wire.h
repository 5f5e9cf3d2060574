/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What albatrossd and albatross-launcher say to each other, over one SOCK_SEQPACKET connection to
 * /run/albatross/launcher (root only). Every message has a fixed size and begins with the version;
 * descriptors travel beside it and stay the sender's. A request is answered exactly once, with its
 * serial, and not always in order: a probe is answered when it has ended. Beside that, the launcher
 * sends LAUNCHER_EXITED on its own, to every connection.
 *
 * A *tender* is a child that begins at a gate: forked, but in nobody's hands yet, so that it can be
 * placed in its scope before it runs anything. It belongs to no connection: the daemon may go and
 * come back, LAUNCHER_LIST tells it what is there. A *probe* is a short-lived program with a
 * deadline; it is killed when its deadline passes or its connection goes away. A reload of the
 * launcher keeps its tenders and closes its connections.
 *
 * Command lines travel as a sealed memfd with NUL-terminated strings, argv[0] first, at most
 * LAUNCHER_ARGV_MAX bytes. Programs must be root's, executable by all, writable by nobody else.
 *
 * Errors of every verb: -EPROTO for what is no message of this version, -EINVAL for content that
 * can't be (descriptors included), -EPERM for a uid outside the range, -ENOENT for a child that is
 * not known, -ESRCH for one that has ended.
 */

#include <stdint.h>
#include <sys/resource.h>

#define LAUNCHER_WIRE_VERSION 2U

#define LAUNCHER_SCOPE_MAX 255           /* UNIT_NAME_MAX of systemd is 256 with its NUL */
#define LAUNCHER_NAME_MAX  200           /* domain/name.h: the longest name of a unikernel */
#define LAUNCHER_ARGV_MAX  (64U * 1024U) /* bytes, terminators included */
#define LAUNCHER_CPUS_MAX  1024U         /* what cpu_set_t holds */
#define LAUNCHER_PASS_MAX  66            /* handed to a tender: image, arguments, 64 devices */

/* A range of uids has no more than that many, not 0, and none of these: nobody's number, and what
 * 16-bit interfaces take for "no uid". */
#define LAUNCHER_UIDS_MAX   65536U
#define LAUNCHER_UID_NOBODY 65534U
#define LAUNCHER_UID_NONE16 65535U

#define LAUNCHER_DEADLINE_MAX_USEC UINT64_C(86400000000) /* a day: large block devices */

typedef enum LauncherVerb {
        /* Descriptors: program, argv, then up to LAUNCHER_PASS_MAX more that become 0, 1, 2, 3 ...
         * of the program (those of 0-2 that are missing are /dev/null). Runs as .uid, without
         * capabilities, environment or a right to fork, for at most .deadline_usec. Answered when
         * it has ended: .wait_status, .usage; .error = -ETIMEDOUT when it was killed for its
         * deadline; .error and .step when it was not executed. -EBUSY: the uid is locked by
         * somebody else, or its tender runs; -EAGAIN: too many probes run. */
        LAUNCHER_PROBE = 1,
        /* No descriptors. Locks .uid, forks a child that waits at its gate, answers with .child,
         * .pid and .start_ticks. .name and .scope (printable, not empty) are kept for
         * LAUNCHER_LIST and the journal. -EBUSY: the uid is locked by somebody else, or another
         * tender of it is not forgotten; take another. -EMFILE: there are too many children. */
        LAUNCHER_SPAWN,
        /* Descriptors: program, argv, then up to LAUNCHER_PASS_MAX that become 3, 4, 5 ... of the
         * tender. .gid is a further group, that of /dev/kvm (0: none), .cpus the CPUs it may use
         * (all zero: as they are). Answered when the program has been executed, or could not be:
         * .error and .step, and then the child has ended; .journal_error when it runs without a
         * journal stream. Without a .step nothing has happened: -EBUSY while a probe runs as its
         * uid, -EALREADY when it was opened before. */
        LAUNCHER_OPEN,
        /* Sends .signal to .child through its pidfd; at the gate, it ends the child. */
        LAUNCHER_SIGNAL,
        /* Answered by one LAUNCHER_ENTRY for each tender, oldest first, and then the answer, whose
         * .count says how many, and .uid_first and .uid_last which uids it lends. Ended tenders
         * that were not forgotten are among them. */
        LAUNCHER_LIST,
        /* Drops what is kept of an ended tender, and the lock of its uid, so not before all that
         * belongs to that uid is taken back. -EBUSY while it runs. Without a .child it is about
         * one that an earlier launcher has started, which this one knows by its .uid only. */
        LAUNCHER_FORGET,
        /* Kills a probe of this connection's: .child is the serial of its request, which is then
         * answered as ever. -ENOENT when it was answered already. */
        LAUNCHER_CANCEL,
} LauncherVerb;

typedef struct LauncherRequest {
        uint32_t version;
        uint32_t verb;
        uint64_t serial;
        uint64_t child;
        uint64_t deadline_usec;
        uint32_t uid;
        uint32_t gid;
        int32_t signal;
        uint32_t reserved;
        uint64_t cpus[LAUNCHER_CPUS_MAX / 64];
        char name[LAUNCHER_NAME_MAX + 1];
        char scope[LAUNCHER_SCOPE_MAX + 1];
} LauncherRequest;

typedef enum LauncherKind {
        LAUNCHER_ANSWER = 1,
        LAUNCHER_ENTRY,
        LAUNCHER_EXITED,
} LauncherKind;

typedef enum LauncherState {
        LAUNCHER_AT_GATE = 1,
        LAUNCHER_RUNNING,
        LAUNCHER_ENDED,
} LauncherState;

/* What a child was doing when it failed before executing its program. */
typedef enum LauncherStep {
        LAUNCHER_STEP_NONE,
        LAUNCHER_STEP_DESCRIPTORS,
        LAUNCHER_STEP_CPUS,
        LAUNCHER_STEP_LIMITS,
        LAUNCHER_STEP_IDENTITY,
        LAUNCHER_STEP_EXECUTE,
} LauncherStep;

typedef struct LauncherReply {
        uint32_t version;
        uint32_t kind;
        uint64_t serial; /* of the request; 0 in LAUNCHER_EXITED */
        uint64_t child;
        uint64_t start_ticks; /* proc(5), stat field 22: tells this pid from its next user */
        int32_t error;        /* 0 or negative errno; of an entry or end: why it never ran */
        int32_t journal_error;
        int32_t wait_status; /* as of wait(2), when ended */
        uint32_t step;
        uint32_t state;
        uint32_t pid;
        uint32_t uid;
        uint32_t count;
        uint32_t uid_first, uid_last; /* in the answer to LAUNCHER_LIST */
        struct rusage usage;          /* when ended */
        char name[LAUNCHER_NAME_MAX + 1];
        char scope[LAUNCHER_SCOPE_MAX + 1];
} LauncherReply;
