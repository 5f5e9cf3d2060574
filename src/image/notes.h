/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The notes of a unikernel: what its image says of itself. Two ELF notes with the owner "Solo5"
 * name its target and ABI version (ABI1) and its devices (the manifest, MFT1).
 */

#include <stddef.h>

#include "image/wire.h"

/*
 * Reads them from the image of @size bytes at @image, which is hostile, and is changed: it has to
 * be a private copy. Fills all of @report but its version. -EBADMSG with a reason in its header
 * when this is not a unikernel that a tender could take:
 *
 *  - an executable (ET_EXEC) ELF64 file for little-endian x86-64;
 *  - at least one segment to load, in ascending order, none of them overlapping, wrapping around,
 *    reaching beyond the file or both writable and executable; the entry in an executable one;
 *  - each note exactly once, where the tenders look for it: first in a PT_NOTE segment;
 *  - a manifest of version 1 and of exactly the size that its number of entries (1 to 64) gives,
 *    the first one reserved and without name, the others block or net devices with different,
 *    terminated names of [A-Za-z0-9], none of them attached.
 */
int notes_read(NotesReport *report, void *image, size_t size);
