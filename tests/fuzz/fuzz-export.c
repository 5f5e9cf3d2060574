/* SPDX-License-Identifier: ISC */

/*
 * The Journal Export Format, as albatrossctl reads it. The first byte is the size of the pieces in
 * which the rest arrives.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ctl/export.h"
#include "fuzz.h"

/* What was read, as far as two ways of reading the same can be compared by it. */
typedef struct Outcome {
        int r;
        size_t n_entries;
        uint64_t sum;
} Outcome;

static void add_bytes(Outcome *outcome, const char *bytes, size_t size) {
        for (size_t i = 0; i < size; i++)
                outcome->sum = outcome->sum * 31 + (uint8_t) bytes[i];
        outcome->sum = outcome->sum * 31 + size;
}

static void add_entry(Outcome *outcome, const ExportReader *reader, const ExportEntry *entry) {
        const char *end = reader->buffer + reader->start;

        property(entry->n_fields > 0 && entry->n_fields <= EXPORT_FIELDS_MAX,
                 "an entry has fields, and not too many");
        for (size_t i = 0; i < entry->n_fields; i++) {
                const ExportField *field = &entry->fields[i];

                property(field->name >= reader->buffer && field->value >= field->name &&
                                 field->value + field->value_size < end,
                         "a field is inside of what was read");
                property(field->name_size > 0 && !memchr(field->name, '\n', field->name_size) &&
                                 !memchr(field->name, '=', field->name_size),
                         "a field has a name");
                add_bytes(outcome, field->name, field->name_size);
                add_bytes(outcome, field->value, field->value_size);
        }
        outcome->n_entries++;
}

static Outcome read_file(const uint8_t *data, size_t size) {
        static int fd = -1;
        static ExportEntry entry;
        ExportReader reader = {};
        Outcome outcome = {};

        if (fd < 0)
                fd = memfd_create("journal", MFD_CLOEXEC);
        property(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
                         file_write_all(fd, data, size) == 0 && lseek(fd, 0, SEEK_SET) == 0,
                 "the entries are in their file");
        reader.fd = fd;
        while ((outcome.r = export_next(&reader, &entry)) > 0)
                add_entry(&outcome, &reader, &entry);
        export_done(&reader);
        return outcome;
}

/* In memory that ends where what has come until now ends. */
static Outcome read_pieces(const uint8_t *data, size_t size, size_t piece) {
        static ExportEntry entry;
        ExportReader reader = {.fd = -1};
        Outcome outcome = {};
        size_t start = 0;

        for (size_t end = MIN_OF(piece, size);; end = MIN_OF(end + piece, size)) {
                _cleanup_(freep) char *copy = fuzz_copy(data, end);

                reader.buffer = copy;
                reader.start = start;
                reader.end = reader.allocated = end;
                while ((outcome.r = export_take(&reader, &entry)) > 0)
                        add_entry(&outcome, &reader, &entry);
                start = reader.start;
                if (outcome.r < 0 || end == size)
                        return outcome;
        }
}

bool fuzz_input(const uint8_t *data, size_t size) {
        Bytes bytes = {data, size};
        size_t piece = bytes_take(&bytes) + 1U;
        Outcome whole = read_file(bytes.data, bytes.size);
        Outcome pieces = read_pieces(bytes.data, bytes.size, piece);

        property(whole.n_entries == pieces.n_entries && whole.sum == pieces.sum,
                 "the same is read however it arrives");
        property(whole.r == 0 || whole.r == -EBADMSG || whole.r == -EMSGSIZE,
                 "a journal is refused in one of two ways");
        property(pieces.r == 0 || pieces.r == whole.r, "it does not matter how a journal arrives");
        return whole.r == 0;
}
