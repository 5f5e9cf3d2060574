/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Which files make up the configuration NAME, and in which order they are read; the rules are those
 * of systemd's own. First the file NAME itself, from the first of /etc, /run, /usr/local/lib and
 * /usr/lib that has it; then those in the folders NAME.d of all of them whose names end with
 * ".conf", sorted by name. Of several with the same name only that of the first folder counts, and
 * where that is a link to /dev/null, none does.
 */

#include <stddef.h>

/* @root goes before the four folders, "" for none. The caller owns the @ret_n paths, each of a file
 * that was there, and gives them to conf_files_free(). A folder that can't be read is as none. */
int conf_files_list(const char *root, const char *name, char ***ret, size_t *ret_n);
void conf_files_free(char **files, size_t n_files);
