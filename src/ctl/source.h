/* SPDX-License-Identifier: ISC */
#pragma once

/* Where an image, or the content of a block device, comes from: a file, or "-" for stdin. */

#include "domain/fault.h"

/* Returns the descriptor, which the caller owns. What it holds is for others to judge; @what it is
 * to be, "image", is for the fault. */
int source_open(const char *path, const char *what, Fault *fault);
