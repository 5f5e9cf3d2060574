/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "domain/cursor.h"
#include "systemd/console-options.h"

#define SCOPE_MAX 255 /* UNIT_NAME_MAX of systemd, without the terminator */

/* 1 when @argument is this option, and good. */
static int parse_number(const char *argument, const char *option, uint64_t *ret) {
        size_t length = strlen(option);
        int r;

        if (strncmp(argument, option, length) != 0)
                return 0;
        r = number_parse(argument + length, UINT64_MAX, ret);
        return r < 0 ? -EINVAL : 1;
}

static int parse_option(ConsoleOptions *options, const char *argument) {
        const struct {
                const char *option;
                uint64_t *value;
        } numbers[] = {
                {"--lines=", &options->n_lines},
                {"--since=", &options->since_usec},
                {"--until=", &options->until_usec},
                {"--unclaimed-since=", &options->unclaimed_since_usec},
        };
        int r;

        if (strncmp(argument, "--after=", strlen("--after=")) == 0) {
                options->after = argument + strlen("--after=");
                return cursor_is_sane(options->after) ? 0 : -EINVAL;
        }
        if (strcmp(argument, "--follow") == 0) {
                options->follow = true;
                return 0;
        }
        for (size_t i = 0; i < N_ELEMENTS(numbers); i++) {
                r = parse_number(argument, numbers[i].option, numbers[i].value);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        return -EINVAL;
}

int console_options_add(ConsoleOptions *options, const char *invocation) {
        sd_id128_t id;

        /* sd_id128_from_string() also takes the form with hyphens. */
        if (strlen(invocation) != 32 || sd_id128_from_string(invocation, &id) < 0)
                return -EINVAL;
        for (size_t i = 0; i < MIN_OF(options->n_invocations, CONSOLE_INVOCATIONS_MAX); i++)
                if (sd_id128_equal(options->invocations[i], id))
                        return 0;
        options->invocations[options->n_invocations++ % CONSOLE_INVOCATIONS_MAX] = id;
        return 0;
}

int console_options_parse(ConsoleOptions *ret, int argc, char **argv) {
        ConsoleOptions options = {
                .n_lines = UINT64_MAX,
                .until_usec = UINT64_MAX,
                .unclaimed_since_usec = UINT64_MAX,
        };
        int i, r;

        for (i = 1; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
                r = parse_option(&options, argv[i]);
                if (r < 0)
                        return r;
        }

        if (options.after && options.n_lines < UINT64_MAX)
                return -EINVAL;
        if (i == argc || argv[i][0] == '\0' || strlen(argv[i]) > SCOPE_MAX)
                return -EINVAL;
        options.scope = argv[i++];
        if (argc - i > CONSOLE_INVOCATIONS_MAX)
                return -EINVAL;
        for (; i < argc; i++) {
                r = console_options_add(&options, argv[i]);
                if (r < 0)
                        return r;
        }

        *ret = options;
        return 0;
}

static bool is_known(const ConsoleOptions *options, sd_id128_t invocation) {
        for (size_t i = 0; i < MIN_OF(options->n_invocations, CONSOLE_INVOCATIONS_MAX); i++)
                if (sd_id128_equal(options->invocations[i], invocation))
                        return true;
        return false;
}

ConsoleVerdict console_decide(const ConsoleOptions *options, const ConsoleEntry *entry) {
        if (entry->realtime_usec < options->since_usec)
                return CONSOLE_SKIP;
        if (entry->has_invocation && !is_known(options, entry->invocation))
                return CONSOLE_UNKNOWN;
        if (!entry->has_invocation && entry->realtime_usec < options->unclaimed_since_usec)
                return CONSOLE_SKIP;
        return entry->realtime_usec > options->until_usec ? CONSOLE_END : CONSOLE_TAKE;
}
