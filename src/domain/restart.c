/* SPDX-License-Identifier: ISC */

#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "domain/restart.h"

/* The tender refused to run it (1), or a guest of MirageOS says that another run would end in the
 * same way: 63 after --help, 64 for its arguments, the others are kept for more of that kind. */
static bool is_never(unsigned code) {
        return code == 1 || (code >= 60 && code <= 64);
}

static bool allows(const RestartRule *rule, const RunEnd *end, const Backoff *backoff) {
        bool any = exit_codes_are_empty(&rule->codes);
        unsigned status = (unsigned) end->exit.status;

        if (!rule->restarts)
                return false;

        switch (end->exit.result) {
        case EXIT_CODE:
                return !is_never(status) && (any || exit_codes_contain(&rule->codes, status));
        case EXIT_SIGNAL:
        case EXIT_CORE_DUMP:
                /* It made a system call that its sandbox forbids, and would again. */
                return any && end->exit.status != SIGSYS;
        case EXIT_OOM_KILL:
                return any;
        case EXIT_UNKNOWN:
                /* It may have been any code. Losing one that should run is worse than starting one
                 * too often, once. */
                return !backoff->unseen;
        case EXIT_NONE:
        case EXIT_STOPPED:
        case EXIT_N_RESULTS:
                break;
        }
        return false;
}

uint64_t backoff_next(Backoff *backoff) {
        uint64_t delay_usec = backoff->delay_usec;

        /* It may have been read from somewhere. */
        delay_usec = MAX_OF(delay_usec, RESTART_DELAY_MIN_USEC);
        delay_usec = MIN_OF(delay_usec, RESTART_DELAY_MAX_USEC);
        backoff->delay_usec = MIN_OF(delay_usec * 2, RESTART_DELAY_MAX_USEC);
        return delay_usec;
}

RestartVerdict restart_decide(const RestartRule *rule,
                              const RunEnd *end,
                              Backoff *backoff,
                              uint64_t *ret_delay_usec) {
        /* A clock that was set back must not count as a long run. */
        if (end->ended_usec > end->started_usec &&
            end->ended_usec - end->started_usec >= RESTART_STEADY_USEC)
                *backoff = (Backoff){};

        if (end->add_name && exit_refuses_arguments(end->exit)) {
                *ret_delay_usec = 0;
                return RESTART_WITHOUT_NAME;
        }
        if (!allows(rule, end, backoff)) {
                *backoff = (Backoff){};
                return RESTART_NEVER;
        }
        backoff->unseen = end->exit.result == EXIT_UNKNOWN;
        *ret_delay_usec = backoff_next(backoff);
        return RESTART_LATER;
}

LifeEvent restart_event(RestartVerdict verdict, Exit exit) {
        if (verdict != RESTART_NEVER)
                return LIFE_AGAIN;
        return exit_is_failure(exit) ? LIFE_DIED : LIFE_ENDED;
}

int restart_check(const RestartRule *rule, Fault *fault) {
        for (unsigned code = 0; code < EXIT_CODES_MAX; code++) {
                int r;

                if (!is_never(code) || !exit_codes_contain(&rule->codes, code))
                        continue;
                r = fault_set(fault, FAULT_INVALID_ARGUMENT,
                              "The exit code %u is never followed by a restart, so it can't be "
                              "among those that are",
                              code);
                fault_hint(fault, "These are 1 and 60 to 64: the next run would end like this one");
                return r;
        }
        return 0;
}

int restart_parse(RestartRule *ret, const char *text, Fault *fault) {
        RestartRule rule = {.restarts = true};
        int r;

        if (text && strcmp(text, "no") == 0)
                rule.restarts = false;
        else if (text && strcmp(text, "all") != 0) {
                r = exit_codes_parse(&rule.codes, text, fault);
                if (r < 0)
                        return r;
                r = restart_check(&rule, fault);
                if (r < 0)
                        return r;
        }

        *ret = rule;
        return 0;
}

void restart_format(const RestartRule *rule, char ret[static RESTART_TEXT_MAX + 1]) {
        if (rule->restarts && !exit_codes_are_empty(&rule->codes))
                exit_codes_format(&rule->codes, ret);
        else
                strcpy(ret, rule->restarts ? "all" : "no");
}
