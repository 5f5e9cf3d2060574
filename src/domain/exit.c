/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <string.h>
#include <sys/wait.h>

#include "domain/exit.h"

static const char *const words[EXIT_N_RESULTS] = {
        [EXIT_NONE] = "",
        [EXIT_CODE] = "exit-code",
        [EXIT_SIGNAL] = "signal",
        [EXIT_CORE_DUMP] = "core-dump",
        [EXIT_OOM_KILL] = "oom-kill",
        [EXIT_STOPPED] = "stopped",
        [EXIT_UNKNOWN] = "unknown",
};

Exit exit_from_wait_status(int wait_status, bool asked, uint64_t timestamp_usec) {
        Exit exit = {.result = EXIT_UNKNOWN, .timestamp_usec = timestamp_usec};

        if (WIFEXITED(wait_status)) {
                exit.result = EXIT_CODE;
                exit.status = WEXITSTATUS(wait_status);
        } else if (WIFSIGNALED(wait_status)) {
                exit.result = WCOREDUMP(wait_status) ? EXIT_CORE_DUMP : EXIT_SIGNAL;
                exit.status = WTERMSIG(wait_status);
        }

        /* solo5-hvt exits with 1 on SIGTERM: an end that was asked for can't be read off the
         * status, so what we remember wins. */
        if (asked)
                exit.result = EXIT_STOPPED;
        return exit;
}

bool exit_refuses_arguments(Exit exit) {
        return exit.result == EXIT_CODE && exit.status == 64;
}

bool exit_is_failure(Exit exit) {
        switch (exit.result) {
        case EXIT_CODE:
                return exit.status != 0;
        case EXIT_SIGNAL:
        case EXIT_CORE_DUMP:
        case EXIT_OOM_KILL:
        case EXIT_UNKNOWN:
                return true;
        case EXIT_NONE:
        case EXIT_STOPPED:
        case EXIT_N_RESULTS:
                break;
        }
        return false;
}

const char *exit_result_to_string(ExitResult result) {
        assert(result < EXIT_N_RESULTS);
        return words[result];
}

ExitResult exit_result_from_string(const char *word) {
        for (ExitResult result = 0; result < EXIT_N_RESULTS; result++)
                if (strcmp(words[result], word) == 0)
                        return result;
        return EXIT_UNKNOWN;
}
