/* SPDX-License-Identifier: ISC */
#pragma once

/* The path that a bare label is meant to be in for a user to whom one path is delegated. */

#include "ctl/options.h"

/* Asks the daemon and fills in @options->own_path, where somebody who is not root typed a bare
 * label and said nowhere else which path is meant. It stays empty when there is none, or more than
 * one. */
void own_path_find(Options *options);
