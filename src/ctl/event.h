/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What happens, as monitor tells it: one line, or one JSON object. And what is known of each
 * unikernel meanwhile, which tells what is new apart from what was told already.
 */

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl/options.h"

typedef enum EventKind {
        EVENT_NONE,
        EVENT_CREATED,
        EVENT_STARTED,
        EVENT_ENDED,
        EVENT_RESTARTING,
        EVENT_STOPPED,
        EVENT_FAILED,
        EVENT_CHANGED,
        EVENT_DESTROYED,
        EVENT_POLICY_CHANGED,
        EVENT_POLICY_REMOVED,
        EVENT_BLOCK_CREATED,
        EVENT_BLOCK_CHANGED,
        EVENT_BLOCK_REMOVED,
        EVENT_DAEMON_GONE,
        EVENT_DAEMON_BACK,
        EVENT_N_KINDS,
} EventKind;

typedef struct Event {
        EventKind kind;
        uint64_t usec;          /* UTC, when it was heard of */
        const char *name;       /* of a unikernel or block device, or a path; NULL for the daemon */
        const char *invocation; /* of started and ended: 32 hexadecimal digits, or NULL */
        uint64_t pid;           /* of started; 0: not known */
        const char *result;     /* of ended */
        int status;
        uint64_t next_usec; /* of restarting: UTC, when */
} Event;

/* Prints it with a newline behind. -ENOMEM. */
int event_print(FILE *out, const Event *event, JsonMode mode);

/* An object: of each unikernel its state, and when that began. */
typedef json_t Lives;

/* A unikernel is in @state since @since_usec. What is there to tell? EVENT_CREATED is not among it.
 * EVENT_ENDED: how it ended comes later; then lives_ended() is to be asked. */
EventKind lives_changed(Lives *lives, const char *name, const char *state, uint64_t since_usec);

/* Its end is told: EVENT_FAILED when that must be told, too. */
EventKind lives_ended(Lives *lives, const char *name);
