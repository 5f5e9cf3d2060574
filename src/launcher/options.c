/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "launcher/options.h"

#define RANGE_DEFAULT   "61184-65519"
#define RANGE_WIDTH_MAX 65536U

/* nobody's number, and what 16-bit interfaces take for "no uid". */
#define UID_NOBODY 65534U
#define UID_NONE16 65535U

static int parse_range(const char *text, Options *options) {
        uint64_t first, last;
        char *dash;

        if (strlen(text) >= sizeof(options->uid_range))
                return -EINVAL;
        (void) strcpy(options->uid_range, text);
        dash = strchr(options->uid_range, '-');
        if (!dash)
                return -EINVAL;

        *dash = '\0';
        if (number_parse(options->uid_range, UINT32_MAX - 1, &first) < 0 ||
            number_parse(dash + 1, UINT32_MAX - 1, &last) < 0)
                return -EINVAL;
        *dash = '-';
        if (first == 0 || first > last || last - first >= RANGE_WIDTH_MAX)
                return -EINVAL;
        if (first <= UID_NONE16 && last >= UID_NOBODY)
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
