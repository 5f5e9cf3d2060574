/* SPDX-License-Identifier: ISC */
#pragma once

/* --help, made from the tables of verbs and options. */

#include <stdio.h>

#include "ctl/verb.h"

/* All verbs and global options; or, when @verb is one, how to use that. */
void help_print(FILE *out, const Verb *verb);
