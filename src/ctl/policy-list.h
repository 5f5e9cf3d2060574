/* SPDX-License-Identifier: ISC */
#pragma once

/* The policies below a path, next to what is used of them. */

#include "ctl/options.h"
#include "domain/name.h"

/* Asks for them and prints them. Returns the exit status, or a negative errno with @fault filled.
 */
int policy_list_run(const Name *path, const Options *options, Fault *fault);
