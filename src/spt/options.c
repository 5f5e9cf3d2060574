/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "spt/options.h"

#define MEM_DEFAULT_MIB 512
/* The whole of user space; what fits beside the tender itself is found when it is mapped. */
#define MEM_MAX_MIB (1ULL << 27)

int options_find_image(int argc, char **argv) {
        int i;

        for (i = 1; i < argc && argv[i][0] == '-'; i++)
                if (strcmp(argv[i], "--") == 0)
                        return i + 1;
        return i;
}

/* What follows @prefix in @option, or NULL. */
static const char *after_prefix(const char *option, const char *prefix) {
        size_t length = strlen(prefix);

        return strncmp(option, prefix, length) == 0 ? option + length : NULL;
}

/* A descriptor that somebody opened for us, written @FD. The standard ones are never meant. */
static int parse_fd(const char *text, int *ret, Refusal *refusal) {
        uint64_t fd;

        if (text[0] != '@' || number_parse(text + 1, INT_MAX, &fd) < 0 || fd <= STDERR_FILENO)
                return refusal_set(refusal, "%s: Not a descriptor as in @3", text);
        *ret = (int) fd;
        return 0;
}

static int parse_mem(const char *text, uint64_t *ret, Refusal *refusal) {
        uint64_t mib;

        if (number_parse(text, MEM_MAX_MIB, &mib) < 0 || mib == 0)
                return refusal_set(refusal, "--mem=%s: Not a number of MiB", text);
        *ret = mib << 20;
        return 0;
}

static int parse_option(Options *options, const char *option, Refusal *refusal) {
        const char *value;

        value = after_prefix(option, "--mem=");
        if (value)
                return parse_mem(value, &options->mem_size, refusal);
        value = after_prefix(option, "--arguments=");
        if (value)
                return parse_fd(value, &options->arguments_fd, refusal);
        if (after_prefix(option, "--net:") || after_prefix(option, "--net-mac:") ||
            after_prefix(option, "--block:") || after_prefix(option, "--block-sector-size:"))
                return refusal_set(refusal, "%s: Devices are not supported yet", option);
        return refusal_set(refusal, "%s: Unknown option, see --help", option);
}

int options_parse(Options *ret, char **argv, int image, Refusal *refusal) {
        Options options = {
                .image_fd = -1,
                .arguments_fd = -1,
                .mem_size = MEM_DEFAULT_MIB << 20,
        };
        int r;

        /* As with solo5-spt, asking for help or the version wins over everything else given, and
         * needs no image. */
        for (int i = 1; i < image && argv[i]; i++) {
                if (strcmp(argv[i], "--help") == 0)
                        options.verb = OPTIONS_HELP;
                else if (strcmp(argv[i], "--version") == 0)
                        options.verb = OPTIONS_VERSION;
                else
                        continue;
                *ret = options;
                return 0;
        }

        for (int i = 1; i < image && strcmp(argv[i], "--") != 0; i++) {
                r = parse_option(&options, argv[i], refusal);
                if (r < 0)
                        return r;
        }

        options.image = argv[image];
        if (!options.image)
                return refusal_set(refusal, "No image given, see --help");
        if (options.image[0] == '@') {
                r = parse_fd(options.image, &options.image_fd, refusal);
                if (r < 0)
                        return r;
        }

        *ret = options;
        return 0;
}
