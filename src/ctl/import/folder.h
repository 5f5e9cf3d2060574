/* SPDX-License-Identifier: ISC */
#pragma once

/* The folder with the block devices of the albatross in OCaml: each a raw file called by its name.
 */

#include "ctl/import/item.h"

/* Adds each file in the folder at @path to @items, which keep the folder open. What can't be taken
 * over is there as failed. */
int folder_read(Items *items, const char *path, Fault *fault);

/* Opens the file of @item for reading. Returns the descriptor, which the caller owns. */
int folder_open(const Items *items, const Item *item, Fault *fault);
