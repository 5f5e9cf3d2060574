/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What albatross-console is asked for:
 *
 *   albatross-console [--follow] [--lines=N | --after=CURSOR] [--since=USEC] [--until=USEC]
 *                     [--unclaimed-since=USEC] SCOPE INVOCATION...
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-id128.h>

#define CONSOLE_INVOCATIONS_MAX 128

/* That no further run will come, on the socket that tells of runs. */
#define CONSOLE_CONTROL_END "end"

typedef struct ConsoleOptions {
        bool follow;
        uint64_t n_lines; /* the last ones of what is there; UINT64_MAX: all */
        uint64_t since_usec;
        uint64_t until_usec; /* both inclusive, microseconds UTC */
        uint64_t unclaimed_since_usec;
        /* Neither is owned. The former is the cursor of the entry behind which it goes on. */
        const char *after; /* NULL: none */
        const char *scope;

        /* The oldest one makes room for the newest. */
        sd_id128_t invocations[CONSOLE_INVOCATIONS_MAX];
        uint64_t n_invocations; /* that were added, all in all */
} ConsoleOptions;

/* -EINVAL for anything that is not in the synopsis above. */
int console_options_parse(ConsoleOptions *ret, int argc, char **argv);

/* Takes 32 hexadecimal digits. */
int console_options_add(ConsoleOptions *options, const char *invocation);

/* What is known of one entry of the journal. */
typedef struct ConsoleEntry {
        uint64_t realtime_usec;
        bool has_invocation;
        sd_id128_t invocation;
} ConsoleEntry;

typedef enum ConsoleVerdict {
        CONSOLE_SKIP,
        CONSOLE_TAKE,
        /* Of a run that we have not heard of: it may have been announced meanwhile. */
        CONSOLE_UNKNOWN,
        /* It is later than all that was asked for. */
        CONSOLE_END,
} ConsoleVerdict;

/*
 * Decides about an entry that journald has attributed to the scope. Its invocation id tells the run
 * that it is of, and so keeps an earlier owner of the name apart from this one. But of a guest that
 * ends at once, the id is gone before journald has asked for it; such an entry is nobody's, and
 * taken when it is not older than .unclaimed_since_usec.
 */
ConsoleVerdict console_decide(const ConsoleOptions *options, const ConsoleEntry *entry);
