/* SPDX-License-Identifier: ISC */
#pragma once

/* Is what is there already what is to be taken over? Compared is what the file says; what was
 * filled in by us, and who owns a path, is not. */

#include "ctl/import/item.h"
#include "ctl/json.h"

/* Appends the names of the fields in which @there, an object as of the bus, is different. */
int compare_policy(Strings *fields, const Item *item, const json_t *there);
int compare_block(Strings *fields, const Item *item, const json_t *there);

/* @there has the properties, and what Inspect() tells; @digest is that of the image in the file. */
int compare_unikernel(Strings *fields, const Item *item, const json_t *there, const char *digest);
