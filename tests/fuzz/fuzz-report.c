/* SPDX-License-Identifier: ISC */

/*
 * Reports of the intake's programs, as one that was taken over would send them. The first byte says
 * which of the three; the rest is the report.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "image/report.h"

static void check_devices(const NotesReport *report) {
        property(report->n_devices <= IMAGE_DEVICES_MAX, "there are not too many devices");
        for (uint32_t i = 0; i < report->n_devices; i++) {
                const ImageDevice *device = &report->devices[i];

                property(memchr(device->name, '\0', sizeof(device->name)),
                         "the name of a device is terminated");
                property(device->name[0] != '\0', "a device has a name");
                property(device->type == IMAGE_DEVICE_BLOCK || device->type == IMAGE_DEVICE_NET,
                         "a device is of a known type");
        }
}

bool fuzz_input(const uint8_t *data, size_t size) {
        Bytes bytes = {data, size};
        uint8_t kind = bytes_take(&bytes) % 3;
        /* What arrives is read into a whole report, however little it is. */
        union {
                InflateReport inflate;
                StoreReport store;
                NotesReport notes;
                ReportHeader header;
        } report = {.notes = {}};
        Fault fault = {};
        int r;

        memcpy(&report, bytes.data, MIN_OF(bytes.size, sizeof(report)));
        switch (kind) {
        case 0:
                r = inflate_report_check(&report.inflate, bytes.size, &fault);
                break;
        case 1:
                r = store_report_check(&report.store, bytes.size, &fault);
                break;
        default:
                r = notes_report_check(&report.notes, bytes.size, &fault);
        }
        if (r < 0) {
                property_refusal(r, &fault);
                for (const char *text = fault.message; *text; text++)
                        property(*text >= ' ' && *text < 0x7f, "a report is quoted in ASCII only");
                return false;
        }

        property(r == 0 && report.header.error == 0 && report.header.reason[0] == '\0',
                 "a report of success has nothing to complain about");
        if (kind == 2)
                check_devices(&report.notes);
        return true;
}
