/* SPDX-License-Identifier: ISC */

/* What --restart= takes, and the sets of exit codes within. */

#include <string.h>

#include "base/cleanup.h"
#include "domain/restart.h"
#include "fuzz.h"

static const RestartRule untouched = {.restarts = true, .codes = {.words = {42, 7}}};

static bool is_equal(const RestartRule *rule, const RestartRule *other) {
        return rule->restarts == other->restarts && exit_codes_equal(&rule->codes, &other->codes);
}

static void check(const RestartRule *rule) {
        char text[RESTART_TEXT_MAX + 1];
        uint32_t numbers[EXIT_CODES_MAX];
        ExitCodes codes;
        RestartRule again;
        size_t n;

        restart_format(rule, text);
        property(restart_parse(&again, text, NULL) == 0 && is_equal(rule, &again),
                 "a rule that was written down is read as the same");
        n = exit_codes_to_numbers(&rule->codes, numbers);
        property(exit_codes_from_numbers(&codes, numbers, n, NULL) == 0 &&
                         exit_codes_equal(&codes, &rule->codes),
                 "the numbers of a set make the same set");
        property(rule->restarts || n == 0, "who quits has no codes");
        for (size_t i = 0; i < n; i++) {
                const RunEnd end = {.exit = {.result = EXIT_CODE, .status = (int) numbers[i]}};
                Backoff backoff = {};
                uint64_t delay_usec;

                property(restart_decide(rule, &end, &backoff, &delay_usec) == RESTART_LATER,
                         "each code of an accepted set restarts");
        }
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        RestartRule rule = untouched;
        Fault fault = {};
        int r;

        r = restart_parse(&rule, text, &fault);
        if (r < 0) {
                property_refusal(r, &fault);
                property(is_equal(&rule, &untouched), "a refused rule leaves no trace");
                return false;
        }
        check(&rule);
        return true;
}
