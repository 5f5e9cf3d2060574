/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * -H: the same command, run by the albatrossctl of another host through ssh. Files are here: an
 * image goes there as stdin and comes back as stdout.
 */

#include "ctl/options.h"

/* Returns the exit status of the other one, or a negative errno with @fault filled. */
int remote_run(const Options *options, Fault *fault);

/* The command for the shell over there: every word quoted. The caller owns *@ret. */
int remote_command(char **ret, const Options *options);
