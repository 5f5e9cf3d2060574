/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What a command is about: the name or path that somebody typed, made full. What has a ":" is
 * absolute; a bare label is completed by -p PATH and, for all but root, by $ALBATROSS_PATH or the
 * one path that is delegated to the user; where a path is meant, its label is that path itself.
 */

#include <stdbool.h>

#include "ctl/options.h"
#include "domain/name.h"

/* "web:" at its end says that a path is meant. */
bool target_is_path(const char *text);

int target_name(Name *ret, const char *text, const Options *options, Fault *fault);
int target_path(Name *ret, const char *text, const Options *options, Fault *fault);

/* The path to work below where none was typed: that of -p, else the root. */
int target_default_path(Name *ret, const Options *options, Fault *fault);

/* @name as the same user can type it: with ":" in front where a bare label would be completed. */
void target_text(const char *name, const Options *options, char ret[static NAME_MAX_LENGTH + 2]);
