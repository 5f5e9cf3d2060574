/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A file that appears under its name only when it is whole: written beside it, then renamed. What
 * exists already is replaced only where that was asked for.
 */

#include <stdbool.h>
#include <stdint.h>

#include "domain/fault.h"

typedef struct Save {
        char *path;      /* where it goes */
        char *temporary; /* where it is so far; NULL when there is nothing to remove */
        int fd;
        bool replace;
} Save;

#define SAVE_NONE                                                                                  \
        (Save) {                                                                                   \
                .fd = -1                                                                           \
        }

/* Opens the temporary file. Refused at once when @path exists and is not to be replaced. */
int save_open(Save *ret, const char *path, bool replace, Fault *fault);

/* Copies all that comes from @from_fd to @to_fd. */
int save_copy(int from_fd, int to_fd, uint64_t *ret_size, Fault *fault);

/* Gives the file its name. */
int save_finish(Save *save, Fault *fault);

/* Closes it, and removes what was not finished. */
void save_done(Save *save);
