/* SPDX-License-Identifier: ISC */
#pragma once

/* What lies in a folder. */

#include <dirent.h>

/* The folder @path below @parent_fd (AT_FDCWD too). The caller closes *@ret. */
int directory_open(DIR **ret, int parent_fd, const char *path);

/* The next entry but "." and "..": names may begin with a dot. NULL with errno 0 at the end, with
 * another one when it can't be read. */
struct dirent *directory_next(DIR *directory);

static inline void directory_closep(DIR **directory) {
        if (*directory)
                closedir(*directory);
}
