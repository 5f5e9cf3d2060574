/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What happens after a run: is it to be started again, and when. The rules, the first one that
 * fits counts:
 *
 *   an end that was asked for                 never
 *   exit code 64, where --name= was added     once more without it, at once; that is remembered
 *   fail behaviour quit                       never
 *   exit code 1, exit codes 60 to 64, SIGSYS  never
 *   an exit code                              where it is in the set, or none is given
 *   a signal, out of memory                   where no set is given
 *   an end that nobody saw                    once
 *
 * The first restart waits 100 ms, each further one twice as long as the one before, up to 60 s. A
 * run of 10 s makes it 100 ms again, and lets another unseen end be.
 */

#include <stdbool.h>
#include <stdint.h>

#include "domain/exit-codes.h"
#include "domain/exit.h"
#include "domain/fault.h"
#include "domain/lifecycle.h"

#define RESTART_DELAY_MIN_USEC UINT64_C(100000)
#define RESTART_DELAY_MAX_USEC UINT64_C(60000000)
#define RESTART_STEADY_USEC    UINT64_C(10000000)

/* The fail behaviour. Zero-initialised: quit. */
typedef struct RestartRule {
        bool restarts;
        ExitCodes codes; /* empty: none are given */
} RestartRule;

/* How often it went wrong lately. Zero-initialised: not yet. */
typedef struct Backoff {
        uint64_t delay_usec; /* of the next restart; 0: the shortest one */
        bool unseen;         /* it was restarted after an end that nobody saw */
} Backoff;

/* A run that is over. Both times are of one clock; @Exit has another one of its own. */
typedef struct RunEnd {
        Exit exit;
        uint64_t started_usec, ended_usec;
        bool add_name; /* the guest was given --name=LABEL by us */
} RunEnd;

typedef enum RestartVerdict {
        RESTART_NEVER,
        RESTART_LATER,
        RESTART_WITHOUT_NAME, /* also forget to add the name, for good */
} RestartVerdict;

/* @backoff is brought up to date, *@ret_delay_usec is filled unless the verdict is never. */
RestartVerdict restart_decide(const RestartRule *rule,
                              const RunEnd *end,
                              Backoff *backoff,
                              uint64_t *ret_delay_usec);

/* The delay after a start that could not even begin, and is to be tried again. */
uint64_t backoff_next(Backoff *backoff);

/* What that end is for the table of lifecycle.h. */
LifeEvent restart_event(RestartVerdict verdict, Exit exit);

/* Refuses a set that has a code which never restarts, naming it. */
int restart_check(const RestartRule *rule, Fault *fault);

/* Takes "no", "all" and what exit_codes_parse() takes; NULL, which is --restart with nothing
 * behind it, is "all". Also checks it. *@ret is filled on success only. */
int restart_parse(RestartRule *ret, const char *text, Fault *fault);

/* The text that restart_parse() makes the same of. */
#define RESTART_TEXT_MAX EXIT_CODES_TEXT_MAX
void restart_format(const RestartRule *rule, char ret[static RESTART_TEXT_MAX + 1]);
