/* SPDX-License-Identifier: ISC */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "spt/manifest.h"

/* What a sentence has room for. */
#define LIST_SIZE 192U

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

const char *manifest_type_name(DeviceType type) {
        return type == DEVICE_NET ? "net" : "block";
}

/* The options that give the devices, all or those that are missing, each after a space. */
static void list_options(const Manifest *manifest, bool all, char ret[static LIST_SIZE]) {
        size_t length = 0;

        ret[0] = '\0';
        for (uint32_t i = 1; i < manifest->n_entries && length < LIST_SIZE; i++) {
                const ManifestEntry *entry = &manifest->entries[i];

                if (all || !entry->attached)
                        length += (size_t) snprintf(ret + length, LIST_SIZE - length,
                                                    " --%s:%s=", manifest_type_name(entry->type),
                                                    entry->name);
        }
        if (length >= LIST_SIZE)
                strcpy(ret + LIST_SIZE - sizeof("..."), "...");
}

ManifestEntry *manifest_find(Manifest *manifest,
                             DeviceType type,
                             const char *name,
                             size_t length,
                             Refusal *refusal) {
        char options[LIST_SIZE];

        for (uint32_t i = 1; i < manifest->n_entries; i++) {
                ManifestEntry *entry = &manifest->entries[i];

                if (entry->type == type && strlen(entry->name) == length &&
                    memcmp(entry->name, name, length) == 0)
                        return entry;
        }
        list_options(manifest, true, options);
        refusal_set(refusal, "The image has no device for --%s:%.*s=, it wants%s",
                    manifest_type_name(type), (int) MIN_OF(length, MANIFEST_NAME_SIZE), name,
                    options[0] ? options : " none");
        return NULL;
}

int manifest_check_attached(const Manifest *manifest, Refusal *refusal) {
        char missing[LIST_SIZE];

        list_options(manifest, false, missing);
        if (!missing[0])
                return 0;
        return refusal_set(refusal, "The image wants devices that are not given:%s", missing);
}
