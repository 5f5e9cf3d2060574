/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What the launcher knows of its children: tenders by their id, from fork until they are forgotten,
 * and the few probes that run.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "launcher/child.h"
#include "launcher/loop.h"
#include "launcher/wire.h"

#define TABLE_PROBES_MAX 256
#define TABLE_BUCKETS    1024U

typedef struct Connection Connection;
typedef struct Launcher Launcher;

typedef struct Child {
        Launcher *launcher;
        ChildKind kind;
        LauncherState state;
        uint64_t id; /* 0: a probe */
        pid_t pid;
        uint32_t uid;
        uint64_t start_ticks;
        Watch end;  /* its pidfd */
        Watch gate; /* our end of its gate, until it is through */

        /* How its start and its end went. */
        int error;
        int journal_error;
        LauncherStep step;
        int wait_status;
        struct rusage usage;

        uint64_t deadline_usec; /* a probe's, on CLOCK_MONOTONIC */
        bool timed_out;

        /* Whom to tell that the program runs (tender) or has ended (probe); may be nobody. */
        Connection *asker;
        uint64_t serial;

        ListLink link;    /* in ChildTable.tenders or .probes */
        ListLink bucket;  /* in ChildTable.buckets, tenders only */
        ListLink waiting; /* in Connection.children */

        char name[LAUNCHER_NAME_MAX + 1];
        char scope[LAUNCHER_SCOPE_MAX + 1];
} Child;

typedef struct ChildTable {
        uint64_t next_id;
        ListLink tenders; /* oldest first */
        ListLink probes;
        unsigned n_tenders, n_probes;
        unsigned n_max; /* of both together */
        ListLink buckets[TABLE_BUCKETS];
} ChildTable;

/* Ids are counted from @first_id, which should be larger than any that an earlier launcher has
 * given out. */
void child_table_init(ChildTable *table, uint64_t first_id);

bool child_table_is_full(const ChildTable *table);

/* The tender of that id, or NULL. */
Child *child_table_find(const ChildTable *table, uint64_t id);

/* A child of which nothing is known but its kind, in no table yet. It belongs to the caller. */
Child *child_new(Launcher *launcher, ChildKind kind);

/* Puts @child, which has its uid and id, into the table, whose it is afterwards. */
void child_insert(Child *child);

/* Takes it out of the table, gives its lease back, tells nobody. */
Child *child_free(Child *child);
DEFINE_CLEANUP(Child *, child_free);

void child_await(Child *child, Connection *asker, uint64_t serial);

/* What there is to say about @child; the caller sets kind, serial and error. */
LauncherReply child_describe(const Child *child);

/* Answers whoever waits for @child, if anybody still does. */
void child_answer(Child *child, int error);
