/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Entries of a state file become items: what they say, in our terms. What can't be said in them is
 * refused with a reason, and the item is then left as far as it has come.
 */

#include "ctl/import/fields.h"
#include "ctl/import/item.h"

int read_policy(Item *item, const Fields *fields, Fault *fault);

/* All but the image. */
int read_unikernel(Item *item, const Fields *fields, Fault *fault);

/* For all of them: a field that can't be read at all, or is missing. */
int read_broken(const char *field, Fault *fault);

/* A number of MiB that must be there. *@ret is in bytes. */
int read_mib(const Fields *fields, const char *name, uint64_t *ret, Fault *fault);

/* The set of CPUs at @name, which may be empty. */
int read_cpus(const Fields *fields, const char *name, Cpus *ret, Fault *fault);
