/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ctl/target.h"

static const char *completing_path(const Options *options) {
        const char *path = options->path;

        if (!path && geteuid() != 0)
                path = secure_getenv("ALBATROSS_PATH");
        if (!path)
                path = options->own_path.text;
        return path && path[0] ? path : NULL;
}

static int complete(Name *ret, const char *label, const Options *options, Fault *fault) {
        const char *text = completing_path(options);
        char whole[NAME_MAX_LENGTH + 2];
        Name path;
        int r, n;

        if (!text)
                return name_parse(ret, label, fault);
        r = path_parse(&path, text, fault);
        if (r < 0)
                return r;

        n = snprintf(whole, sizeof(whole), "%s:%s", path.text, label);
        if (n < 0 || (size_t) n >= sizeof(whole))
                return fault_set(fault, FAULT_INVALID_NAME,
                                 "The name \"%.20s...\" below \"%s\" is too long, at most %d "
                                 "characters are allowed",
                                 label, path.text, NAME_MAX_LENGTH);
        return name_parse(ret, whole, fault);
}

bool target_is_path(const char *text) {
        size_t length = strlen(text);

        return length > 0 && text[length - 1] == ':';
}

int target_name(Name *ret, const char *text, const Options *options, Fault *fault) {
        int r;

        if (target_is_path(text)) {
                r = fault_set(fault, FAULT_INVALID_NAME,
                              "\"%.220s\" is a path, the name of a unikernel is needed", text);
                fault_hint(fault, "\"albatrossctl list\" shows the unikernels below a path.");
                return r;
        }
        if (text[0] == '\0' || strchr(text, ':'))
                return name_parse(ret, text, fault);
        return complete(ret, text, options, fault);
}

int target_path(Name *ret, const char *text, const Options *options, Fault *fault) {
        if (text[0] == '\0' || strchr(text, ':'))
                return path_parse(ret, text, fault);
        /* Who owns "alice" and says "alice" does not mean one below it. */
        if (completing_path(options) == options->own_path.text &&
            strcasecmp(text, options->own_path.text) == 0)
                return path_parse(ret, text, fault);
        return complete(ret, text, options, fault);
}

int target_default_path(Name *ret, const Options *options, Fault *fault) {
        return path_parse(ret, options->path ? options->path : "", fault);
}

void target_text(const char *name, const Options *options, char ret[static NAME_MAX_LENGTH + 2]) {
        bool bare = !strchr(name, ':') && completing_path(options);

        snprintf(ret, NAME_MAX_LENGTH + 2, "%s%.*s", bare ? ":" : "", NAME_MAX_LENGTH, name);
}
