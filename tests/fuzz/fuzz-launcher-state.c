/* SPDX-License-Identifier: ISC */

/* What a launcher finds that the one before it has left. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "launcher/child.h"
#include "launcher/state.h"

static void check_record(const StateHeader *header, const StateRecord *record) {
        property(memchr(record->name, '\0', sizeof(record->name)) &&
                         memchr(record->scope, '\0', sizeof(record->scope)),
                 "the texts of a record are terminated");
        property(record->pid > 1, "no record is of init, or of a process group");
        property(record->id < header->next_id, "no number is given out twice");
        property((record->id == 0) == (record->kind == CHILD_PROBE), "tenders have numbers");
        property(record->lock_fd >= 0, "each child has its lock");
        property((record->end_fd >= 0) == (record->state != LAUNCHER_ENDED),
                 "what runs has an end to wait for");
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) void *copy = fuzz_copy(data, size);
        const StateHeader *header = NULL;
        const StateRecord *records = NULL;
        int r;

        r = state_check(copy, size, &header, &records);
        if (r < 0) {
                property(r == -EPROTO, "a state is refused in one way");
                property(!header && !records, "a refused state leaves no trace");
                return false;
        }
        property(header == copy &&
                         (const char *) (records + header->n_records) == (const char *) copy + size,
                 "the records are all that there is");
        for (uint32_t i = 0; i < header->n_records; i++) {
                check_record(header, &records[i]);
                for (uint32_t j = 0; j < i && i < 64; j++)
                        property(records[i].end_fd < 0 || records[i].end_fd != records[j].end_fd,
                                 "no descriptor is of two children");
        }
        return true;
}
