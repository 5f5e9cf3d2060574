/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "launcher/options.h"
#include "launcher/wire.h"

#define RANGE_DEFAULT "61184-65519"

static int parse_range(const char *text, Options *options) {
        uint64_t first, last;

        if (strlen(text) >= sizeof(options->uid_range))
                return -EINVAL;
        if (number_parse_range(text, UINT32_MAX - 1, &first, &last) < 0)
                return -EINVAL;
        (void) strcpy(options->uid_range, text);
        if (first == 0 || last - first >= LAUNCHER_UIDS_MAX)
                return -EINVAL;
        if (first <= LAUNCHER_UID_NONE16 && last >= LAUNCHER_UID_NOBODY)
                return -EINVAL;

        options->uid_first = (uint32_t) first;
        options->uid_last = (uint32_t) last;
        return 0;
}

static int parse_fd(const char *text, int *ret) {
        uint64_t fd;

        if (number_parse(text, INT_MAX, &fd) < 0)
                return -EINVAL;
        *ret = (int) fd;
        return 0;
}

int options_parse(int argc, char **argv, Options *ret) {
        static const struct option known[] = {
                {"uid-range", required_argument, NULL, 'u'},
                {"state", required_argument, NULL, 's'},
                {},
        };
        Options options = {.state_fd = -1};
        int option, r;

        r = parse_range(RANGE_DEFAULT, &options);
        while (r == 0 && (option = getopt_long(argc, argv, "", known, NULL)) >= 0)
                if (option == 'u')
                        r = parse_range(optarg, &options);
                else if (option == 's')
                        r = parse_fd(optarg, &options.state_fd);
                else
                        r = -EINVAL;
        if (r < 0 || optind < argc)
                return -EINVAL;
        *ret = options;
        return 0;
}
