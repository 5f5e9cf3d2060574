/* SPDX-License-Identifier: ISC */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/export.h"

/* Reads one field, or the empty line, at *@position. 1: a field, 0: the empty line, -EAGAIN: it is
 * not there as a whole yet. */
static int field_take(const char *data, size_t size, size_t *position, ExportField *ret) {
        const char *line = data + *position;
        const char *newline = memchr(line, '\n', size - *position);
        const char *equals;
        uint64_t value_size;
        size_t after;

        if (!newline)
                return -EAGAIN;
        if (newline == line) {
                (*position)++;
                return 0;
        }

        equals = memchr(line, '=', (size_t) (newline - line));
        if (equals == line)
                return -EBADMSG;
        if (equals) {
                *ret = (ExportField){line, (size_t) (equals - line), equals + 1,
                                     (size_t) (newline - equals - 1)};
                *position = (size_t) (newline - data) + 1;
                return 1;
        }

        /* A name alone: its length and value follow, and a newline that belongs to neither. */
        after = (size_t) (newline - data) + 1;
        if (size - after < sizeof(value_size))
                return -EAGAIN;
        memcpy(&value_size, data + after, sizeof(value_size));
        value_size = le64toh(value_size);
        after += sizeof(value_size);
        if (value_size > EXPORT_ENTRY_MAX)
                return -EMSGSIZE;
        if (size - after < value_size + 1)
                return -EAGAIN;
        if (data[after + value_size] != '\n')
                return -EBADMSG;

        *ret = (ExportField){line, (size_t) (newline - line), data + after, value_size};
        *position = after + value_size + 1;
        return 1;
}

int export_take(ExportReader *reader, ExportEntry *ret) {
        size_t size = reader->end - reader->start;
        size_t position = 0;
        ExportField field;
        const char *data;
        int r;

        ret->n_fields = 0;
        /* There is no buffer yet. */
        if (size == 0)
                return 0;
        data = reader->buffer + reader->start;

        /* Empty lines between entries mean nothing. */
        while (position < size && data[position] == '\n')
                position++;

        while (position < size) {
                r = field_take(data, size, &position, &field);
                if (r == -EAGAIN)
                        break;
                if (r < 0)
                        return r;
                if (r == 0) {
                        reader->start += position;
                        return 1;
                }
                if (ret->n_fields == EXPORT_FIELDS_MAX)
                        return -EMSGSIZE;
                ret->fields[ret->n_fields++] = field;
        }

        return size >= EXPORT_ENTRY_MAX ? -EMSGSIZE : 0;
}

/* Makes room behind what is buffered: by moving it to the front, or by growing. */
static int make_room(ExportReader *reader) {
        char *larger;

        if (reader->start > 0 && reader->start == reader->end)
                reader->start = reader->end = 0;
        if (reader->end < reader->allocated)
                return 0;
        if (reader->start > reader->allocated / 2) {
                memmove(reader->buffer, reader->buffer + reader->start,
                        reader->end - reader->start);
                reader->end -= reader->start;
                reader->start = 0;
                return 0;
        }

        larger = realloc(reader->buffer, MAX_OF(reader->allocated * 2, 65536U));
        if (!larger)
                return -ENOMEM;
        reader->buffer = larger;
        reader->allocated = MAX_OF(reader->allocated * 2, 65536U);
        return 0;
}

int export_fill(ExportReader *reader) {
        ssize_t n;
        int r;

        r = make_room(reader);
        if (r < 0)
                return r;

        do
                n = read(reader->fd, reader->buffer + reader->end, reader->allocated - reader->end);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        if (n > 0) {
                reader->end += (size_t) n;
                return 1;
        }

        reader->at_end = true;
        for (size_t i = reader->start; i < reader->end; i++)
                if (reader->buffer[i] != '\n')
                        return -EBADMSG;
        return 0;
}

int export_next(ExportReader *reader, ExportEntry *ret) {
        int r;

        for (;;) {
                r = export_take(reader, ret);
                if (r != 0 || reader->at_end)
                        return r;
                r = export_fill(reader);
                if (r < 0)
                        return r;
        }
}

const ExportField *export_find(const ExportEntry *entry, const char *name) {
        size_t size = strlen(name);

        for (size_t i = 0; i < entry->n_fields; i++)
                if (entry->fields[i].name_size == size &&
                    memcmp(entry->fields[i].name, name, size) == 0)
                        return &entry->fields[i];
        return NULL;
}

void export_done(ExportReader *reader) {
        free(reader->buffer);
        *reader = (ExportReader){.fd = -1};
}
