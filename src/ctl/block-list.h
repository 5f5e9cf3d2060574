/* SPDX-License-Identifier: ISC */
#pragma once

/* The block devices that there are, as a table, names or JSON. */

#include "ctl/options.h"
#include "domain/name.h"

/* Prints those below @path. Returns the exit status, or a negative errno with @fault filled. */
int block_list(const Name *path, const Options *options, Fault *fault);
