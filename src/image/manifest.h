/* SPDX-License-Identifier: ISC */
#pragma once

#include <stddef.h>

#include "image/wire.h"

/* What the manifest note describes: @size bytes at @note, its padding included, become the devices
 * of @report. Refusals as in notes.h. */
int manifest_read(NotesReport *report, const void *note, size_t size);
