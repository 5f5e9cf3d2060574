/* SPDX-License-Identifier: ISC */

/* Images, as albatross-read-notes looks at them: ELF headers, segments, notes, the manifest. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "image/notes.h"
#include "image/report.h"

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) void *image = fuzz_copy(data, size);
        NotesReport report = {.header.version = IMAGE_WIRE_VERSION};
        const ReportHeader *header = &report.header;
        Fault fault = {};
        int r;

        r = notes_read(&report, image, size);
        property(memchr(header->reason, '\0', sizeof(header->reason)), "a reason is terminated");
        if (r < 0) {
                property(r == -EBADMSG && header->error == r && header->reason[0] != '\0',
                         "an image is refused with a reason");
                property(notes_report_check(&report, sizeof(report), &fault) < 0 &&
                                 fault.code == FAULT_INVALID_IMAGE,
                         "a refused image is reported as such");
                return false;
        }
        property(r == 0 && header->error == 0 && header->reason[0] == '\0',
                 "an accepted image has nothing to complain about");
        property(notes_report_check(&report, sizeof(report), &fault) == 0,
                 "the report of an accepted image is sound");
        return true;
}
