/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The state file of the albatross in OCaml: its policies and unikernels, in any of the versions
 * that its own daemon still reads. It comes from outside, so everything in it is bounded and
 * doubted; but for its outermost form, one bad entry does not keep the others from being read.
 */

#include "ctl/import/item.h"

#define STATE_FILE_SIZE_MAX  (1U << 30)
#define STATE_IMAGE_SIZE_MAX (256U << 20) /* what the daemon takes by default, unpacked */
#define STATE_ENTRY_SIZE_MAX (64U << 10)  /* all but the image */

/* Adds what is in the @size bytes at @data to @items, which points into them. Refused are files
 * that are none; of the items the failed ones are those that can't be. */
int state_read(Items *items, const void *data, size_t size, Fault *fault);
