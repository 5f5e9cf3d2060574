/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Names. A label is 1 to 63 characters of [A-Za-z0-9.-], not starting with "-", not made of dots
 * only, kept in lower case. A path is labels joined with ":"; the empty path is the root. A name is
 * a path and a label: "alice:web", or "web" at the root. A name has at most 8 labels and 200
 * characters, so that every unit, file and object name made from it fits.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/fault.h"

#define NAME_LABEL_MAX  63
#define NAME_LABELS_MAX 8
#define NAME_MAX_LENGTH 200

/* NUL-terminated, normalised: no leading ":", lower case. Compare with strcmp(). */
typedef struct Name {
        char text[NAME_MAX_LENGTH + 1];
} Name;

/* Takes "alice:web", "web" and ":web" (web at the root). *@ret is filled on success only. */
int name_parse(Name *ret, const char *text, Fault *fault);

/* Takes "", ":", "alice", "alice:" and "alice:bob"; *@ret is "" or "alice:bob". */
int path_parse(Name *ret, const char *text, Fault *fault);

/* Sets @fault, and returns what fault_set() does: there is no unikernel of that name. */
int name_refuse_unknown(const Name *name, Fault *fault);

/* The last label, inside @name. */
const char *name_label(const Name *name);

/* Length of the path of @name within its text; 0 at the root. */
size_t name_path_length(const Name *name);

/* Is @name below @path (a text of path_parse())? Everything is below the root. */
bool name_is_below(const char *name, const char *path);

/* "alice:web" as it stands in what a guest's MAC is made of: ":web" at the root. */
void name_full_text(const Name *name, char ret[static NAME_MAX_LENGTH + 2]);

/* "albatross-alice:web.scope". */
#define NAME_UNIT_MAX 255
void name_scope(const Name *name, char ret[static NAME_UNIT_MAX + 1]);

/* "albatross-alice.slice", with "_" for the "-" of a label; "albatross.slice" for the root. A path
 * with many scopes has further slices below its own, which is number 0: "albatross-alice-_2.slice"
 * is number 2. No label starts with "-", so none becomes "_2". */
void path_slice(const char *path,
                size_t length,
                uint32_t number,
                char ret[static NAME_UNIT_MAX + 1]);

/* "/albatross.slice/albatross-alice.slice/albatross-alice:web.scope": its control group, in the
 * slice of that number. Each level repeats those above, and 8 labels have 200 characters. */
#define NAME_CONTROL_GROUP_MAX 2047
void name_control_group(const Name *name,
                        uint32_t slice_number,
                        char ret[static NAME_CONTROL_GROUP_MAX + 1]);
