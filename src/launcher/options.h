/* SPDX-License-Identifier: ISC */
#pragma once

#include <stdint.h>

/* The launcher's command line. */
typedef struct Options {
        char uid_range[sizeof("4294967295-4294967295")];
        uint32_t uid_first, uid_last;
        int state_fd; /* -1: a new start */
} Options;

/* -EINVAL when it can't be understood; *@ret is then untouched. */
int options_parse(int argc, char **argv, Options *ret);
