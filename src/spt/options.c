/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "spt/descriptor.h"
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

static int parse_mem(const char *text, uint64_t *ret, Refusal *refusal) {
        uint64_t mib;

        if (number_parse(text, MEM_MAX_MIB, &mib) < 0 || mib == 0)
                return refusal_set(refusal, "--mem=%s: Not a number of MiB", text);
        *ret = mib << 20;
        return 0;
}

static int parse_option(Options *options, const char *option, Refusal *refusal) {
        const char *value;
        int r;

        value = after_prefix(option, "--mem=");
        if (value)
                return parse_mem(value, &options->mem_size, refusal);
        value = after_prefix(option, "--arguments=");
        if (value)
                return descriptor_parse(value, &options->arguments_fd, refusal);
        r = devices_take_option(&options->devices, option, refusal);
        if (r != 0)
                return r;
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
                r = descriptor_parse(options.image, &options.image_fd, refusal);
                if (r < 0)
                        return r;
        }

        *ret = options;
        return 0;
}
