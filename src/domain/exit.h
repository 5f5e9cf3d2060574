/* SPDX-License-Identifier: ISC */
#pragma once

/* How a run of a unikernel ended. */

#include <stdbool.h>
#include <stdint.h>

typedef enum ExitResult {
        EXIT_NONE, /* there was none yet */
        EXIT_CODE,
        EXIT_SIGNAL,
        EXIT_CORE_DUMP,
        EXIT_OOM_KILL,
        EXIT_STOPPED, /* we were asked to end it: never a failure */
        EXIT_UNKNOWN, /* nobody was there to collect the status */
        EXIT_N_RESULTS,
} ExitResult;

typedef struct Exit {
        ExitResult result;
        int status;              /* exit status, or the signal's number */
        uint64_t timestamp_usec; /* UTC */
} Exit;

/* Stands for a status that nobody collected: no wait(2) for an end returns it. */
#define EXIT_WAIT_STATUS_UNKNOWN 0x7f

/* From a status as of wait(2). @asked: we were told to end it. */
Exit exit_from_wait_status(int wait_status, bool asked, uint64_t timestamp_usec);

/* Did the guest not understand its arguments? After that it is started only once more, without its
 * name. */
bool exit_refuses_arguments(Exit exit);

/* Is this what "failed" means? Exit code 0 and an end that was asked for are not. */
bool exit_is_failure(Exit exit);

/* "exit-code", ..., "" for EXIT_NONE: the words of the bus, which are systemd's where it has them.
 */
const char *exit_result_to_string(ExitResult result);

/* EXIT_UNKNOWN for a word that is none of ours. */
ExitResult exit_result_from_string(const char *word);
