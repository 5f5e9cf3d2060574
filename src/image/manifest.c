/* SPDX-License-Identifier: ISC */

/*
 * A manifest lists the devices that a unikernel wants to find. It lies in a note as a C compiler
 * for x86-64 lays it out, behind 4 bytes that align it. This is its format as in Solo5's
 * mft_abi.h, read by copying, so that neither alignment nor overlap matter here.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "image/manifest.h"
#include "image/report.h"

#define MANIFEST_VERSION     1U
#define MANIFEST_ENTRIES_MAX (IMAGE_DEVICES_MAX + 1U)
#define MANIFEST_RESERVED    (1U << 30)

typedef struct ManifestHead {
        uint32_t padding;
        uint32_t version;
        uint32_t n_entries;
} ManifestHead;

/* Only a tender fills in what is between type and .attached. */
typedef struct ManifestEntry {
        char name[IMAGE_DEVICE_NAME_MAX + 1];
        uint32_t type;
        uint8_t device[16];
        uint8_t backing[8];
        uint8_t attached;
        uint8_t padding[7];
} ManifestEntry;

_Static_assert(sizeof(ManifestHead) == 12, "ManifestHead is a wire format");
_Static_assert(sizeof(ManifestEntry) == 104, "ManifestEntry is a wire format");

static bool name_is_valid(const char *name) {
        for (const char *here = name; *here != '\0'; here++)
                if (!((*here >= 'A' && *here <= 'Z') || (*here >= 'a' && *here <= 'z') ||
                      (*here >= '0' && *here <= '9')))
                        return false;
        return *name != '\0';
}

static int check_entry(NotesReport *report, const ManifestEntry *entry, uint32_t index) {
        ReportHeader *header = &report->header;

        if (!memchr(entry->name, '\0', sizeof(entry->name)))
                return report_refuse(header, -EBADMSG,
                                     "Entry %u of the manifest has an endless name", index);
        if (entry->attached)
                return report_refuse(header, -EBADMSG,
                                     "Entry %u of the manifest is attached already", index);
        if (index == 0 && entry->type != MANIFEST_RESERVED)
                return report_refuse(header, -EBADMSG,
                                     "The first entry of the manifest is not the reserved one");
        if (index == 0 && entry->name[0] != '\0')
                return report_refuse(header, -EBADMSG,
                                     "The reserved first entry of the manifest has a name");
        if (index == 0)
                return 0;

        if (entry->type != IMAGE_DEVICE_BLOCK && entry->type != IMAGE_DEVICE_NET)
                return report_refuse(header, -EBADMSG,
                                     "Entry %u of the manifest has the unknown type %u", index,
                                     entry->type);
        /* The name itself is not repeated here: it may hold anything. */
        if (!name_is_valid(entry->name))
                return report_refuse(
                        header, -EBADMSG,
                        "The name of entry %u of the manifest is not made of letters and digits",
                        index);
        return 0;
}

static int add_device(NotesReport *report, const ManifestEntry *entry) {
        ImageDevice *device = &report->devices[report->n_devices];

        for (uint32_t i = 0; i < report->n_devices; i++)
                if (strcmp(report->devices[i].name, entry->name) == 0)
                        return report_refuse(&report->header, -EBADMSG,
                                             "The manifest has two devices named \"%s\"",
                                             entry->name);

        /* What stands behind the terminator stays behind. */
        device->type = entry->type;
        memset(device->name, 0, sizeof(device->name));
        memcpy(device->name, entry->name, strlen(entry->name));
        report->n_devices++;
        return 0;
}

int manifest_read(NotesReport *report, const void *note, size_t size) {
        ReportHeader *header = &report->header;
        ManifestEntry entry;
        ManifestHead head;
        int r;

        report->n_devices = 0;
        if (size < sizeof(head))
                return report_refuse(header, -EBADMSG, "The manifest is cut off after %zu bytes",
                                     size);
        memcpy(&head, note, sizeof(head));
        if (head.version != MANIFEST_VERSION)
                return report_refuse(header, -EBADMSG,
                                     "The manifest has version %u, only %u is known", head.version,
                                     MANIFEST_VERSION);
        if (head.n_entries < 1 || head.n_entries > MANIFEST_ENTRIES_MAX)
                return report_refuse(header, -EBADMSG, "The manifest has %u entries, not 1 to %u",
                                     head.n_entries, MANIFEST_ENTRIES_MAX);
        if (size != sizeof(head) + head.n_entries * sizeof(entry))
                return report_refuse(
                        header, -EBADMSG,
                        "The manifest has %zu bytes, which is not the size of its %u entries", size,
                        head.n_entries);

        for (uint32_t i = 0; i < head.n_entries; i++) {
                memcpy(&entry, (const char *) note + sizeof(head) + i * sizeof(entry),
                       sizeof(entry));
                r = check_entry(report, &entry, i);
                if (r < 0)
                        return r;
                if (i == 0)
                        continue;
                r = add_device(report, &entry);
                if (r < 0)
                        return r;
        }
        return 0;
}
