/* SPDX-License-Identifier: ISC */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "spt/manifest.h"

static bool name_is_valid(const char name[static MANIFEST_NAME_SIZE]) {
        size_t length = strnlen(name, MANIFEST_NAME_SIZE);

        if (length == 0 || length == MANIFEST_NAME_SIZE)
                return false;
        for (size_t i = 0; i < length; i++)
                if (!((name[i] >= '0' && name[i] <= '9') || (name[i] >= 'A' && name[i] <= 'Z') ||
                      (name[i] >= 'a' && name[i] <= 'z')))
                        return false;
        return true;
}

/* Devices come after the first entry, which is a placeholder that every manifest has. */
static int check_device(const Manifest *manifest, uint32_t index, Refusal *refusal) {
        const ManifestEntry *entry = &manifest->entries[index], *other;

        if (!name_is_valid(entry->name))
                return refusal_set(refusal, "Device %u of the manifest has no valid name", index);
        if (entry->type != DEVICE_BLOCK && entry->type != DEVICE_NET)
                return refusal_set(refusal, "Device %s is of no known type", entry->name);
        if (entry->attached != 0)
                return refusal_set(refusal, "Device %s claims to be attached", entry->name);
        for (other = manifest->entries + 1; other < entry; other++)
                if (other->type == entry->type && strcmp(other->name, entry->name) == 0)
                        return refusal_set(refusal, "Device %s is in the manifest twice",
                                           entry->name);
        return 0;
}

int manifest_read(Manifest *ret, const void *bytes, size_t size, Refusal *refusal) {
        Manifest manifest;
        const ManifestEntry *first = manifest.entries;
        int r;

        if (size < MANIFEST_HEADER_SIZE || size > sizeof(manifest))
                return refusal_set(refusal, "A manifest can't have %zu bytes", size);
        memcpy(&manifest, bytes, size);

        if (manifest.version != MANIFEST_VERSION)
                return refusal_set(refusal, "The manifest's version %u is not known",
                                   manifest.version);
        if (manifest.n_entries < 1 || manifest.n_entries > MANIFEST_ENTRIES_MAX)
                return refusal_set(refusal, "A manifest can't have %u entries", manifest.n_entries);
        if (size != manifest_size(&manifest))
                return refusal_set(refusal,
                                   "The manifest has %zu bytes, not those of its %u entries", size,
                                   manifest.n_entries);

        if (first->type != DEVICE_RESERVED || first->name[0] != '\0' ||
            first->name[MANIFEST_NAME_SIZE - 1] != '\0' || first->attached != 0)
                return refusal_set(refusal, "The manifest does not begin with its reserved entry");
        for (uint32_t i = 1; i < manifest.n_entries; i++) {
                r = check_device(&manifest, i, refusal);
                if (r < 0)
                        return r;
        }

        memcpy(ret, &manifest, size);
        return 0;
}

size_t manifest_size(const Manifest *manifest) {
        return MANIFEST_HEADER_SIZE + manifest->n_entries * sizeof(ManifestEntry);
}

int manifest_check_attached(const Manifest *manifest, Refusal *refusal) {
        char missing[192] = "";
        size_t length = 0;

        for (uint32_t i = 1; i < manifest->n_entries && length < sizeof(missing); i++) {
                const ManifestEntry *entry = &manifest->entries[i];

                if (!entry->attached)
                        length += (size_t) snprintf(
                                missing + length, sizeof(missing) - length,
                                " --%s:%s=", entry->type == DEVICE_NET ? "net" : "block",
                                entry->name);
        }
        if (length == 0)
                return 0;
        return refusal_set(refusal, "The image wants devices that are not given:%s%s", missing,
                           length < sizeof(missing) ? "" : "...");
}
