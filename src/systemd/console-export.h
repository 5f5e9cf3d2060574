/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Entries in the Journal Export Format (systemd.io/JOURNAL_EXPORT_FORMATS), collected until it is
 * worth a write: "NAME=value" for text, "NAME", a little-endian length and bytes for anything
 * else, an empty line after each entry.
 */

#include <stddef.h>

/* Zero-initialise it, with .fd, which stays the caller's. */
typedef struct ConsoleExport {
        int fd;
        size_t size, allocated;
        char *data;
} ConsoleExport;

void console_export_done(ConsoleExport *export);

int console_export_field(ConsoleExport *export, const char *name, const void *value, size_t size);

/* Ends the entry; writes what has been collected when that is much. */
int console_export_end(ConsoleExport *export);

/* Writes all that has been collected. -EPIPE when nobody reads it any more. */
int console_export_flush(ConsoleExport *export);
