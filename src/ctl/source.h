/* SPDX-License-Identifier: ISC */
#pragma once

/* Where an image comes from: a file, or "-" for stdin. */

#include "domain/fault.h"

/* Returns the descriptor, which the caller owns. What it holds is for others to judge. */
int source_open(const char *path, Fault *fault);
