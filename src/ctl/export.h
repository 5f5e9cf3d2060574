/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The Journal Export Format, read from a descriptor piece by piece: entries of "FIELD=value" lines,
 * or "FIELD", a little-endian length and bytes; an empty line ends an entry. Whoever wrote the
 * values is not trusted, only bounded.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT_FIELDS_MAX 256U
#define EXPORT_ENTRY_MAX  (8U * 1024U * 1024U)

typedef struct ExportField {
        const char *name;
        size_t name_size;
        const char *value;
        size_t value_size;
} ExportField;

/* Points into its reader, until that reads on. */
typedef struct ExportEntry {
        ExportField fields[EXPORT_FIELDS_MAX];
        size_t n_fields;
} ExportEntry;

/* Zero-initialise it, with .fd, which stays the caller's. */
typedef struct ExportReader {
        int fd;
        bool at_end;
        char *buffer;
        size_t start, end, allocated;
} ExportReader;

/* Takes one entry out of what was read: 1, or 0 when more must be read first. -EBADMSG when it is
 * not that format, -EMSGSIZE when an entry is too large. */
int export_take(ExportReader *reader, ExportEntry *ret);

/* Reads once: 1, or 0 at the end, where an entry left incomplete is -EBADMSG. */
int export_fill(ExportReader *reader);

/* The two together, for who has nothing else to wait for: 1, or 0 at the end. */
int export_next(ExportReader *reader, ExportEntry *ret);

/* NULL when the entry has no such field. */
const ExportField *export_find(const ExportEntry *entry, const char *name);

/* Frees the buffer. */
void export_done(ExportReader *reader);
