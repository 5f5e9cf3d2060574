/* SPDX-License-Identifier: ISC */
#pragma once

/* A snapshot as text, in one of the two formats. Nothing but that: no clock, no bus. */

#include "metrics/negotiate.h"
#include "metrics/snapshot.h"

/* The caller owns *@ret. */
int exposition_write(const Snapshot *snapshot, Format format, char **ret, size_t *ret_size);
