/* SPDX-License-Identifier: ISC */

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/ended.h"

int ended_exit_status(const char *result, int status) {
        if (strcmp(result, "exit-code") == 0)
                return status & 0xff;
        if (strcmp(result, "signal") == 0 || strcmp(result, "core-dump") == 0)
                return 128 + (status & 0x7f);
        if (strcmp(result, "oom-kill") == 0)
                return 128 + SIGKILL;
        /* A guest has no say in its stop, so how its tender took it does not matter. */
        if (strcmp(result, "stopped") == 0)
                return 128 + SIGTERM;
        return ENDED_OWN_FAILURE;
}

/* What these statuses mean by convention of Solo5, its tenders and MirageOS. */
static const char *meaning(int status) {
        static const struct {
                int status;
                const char *meaning;
        } meanings[] = {
                {1, " (or its tender refused to run it)"},
                {2, " (in MirageOS: an uncaught exception)"},
                {63, " (in MirageOS: it was asked for its help or version)"},
                {64, " (in MirageOS: its arguments were not understood)"},
                {255, " (it aborted)"},
        };

        for (size_t i = 0; i < N_ELEMENTS(meanings); i++)
                if (meanings[i].status == status)
                        return meanings[i].meaning;
        return "";
}

void ended_words(const char *result, int status, char ret[static ENDED_WORDS_MAX + 1]) {
        const char *name = sigabbrev_np(status);

        if (strcmp(result, "exit-code") == 0)
                snprintf(ret, ENDED_WORDS_MAX + 1, "exited with status %d%s", status,
                         meaning(status));
        else if (strcmp(result, "signal") == 0 || strcmp(result, "core-dump") == 0)
                snprintf(ret, ENDED_WORDS_MAX + 1, "killed by signal %d (SIG%s%s)", status,
                         name ? name : "?",
                         status == SIGSYS ? ": it made a system call that it must not" : "");
        else if (strcmp(result, "oom-kill") == 0)
                snprintf(ret, ENDED_WORDS_MAX + 1, "killed because its memory ran out");
        else if (strcmp(result, "stopped") == 0)
                snprintf(ret, ENDED_WORDS_MAX + 1, "stopped on request");
        else if (strcmp(result, "unknown") == 0)
                snprintf(ret, ENDED_WORDS_MAX + 1, "ended while nobody watched, how is not known");
        else
                snprintf(ret, ENDED_WORDS_MAX + 1, "%.40s", result);
}
