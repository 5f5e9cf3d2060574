/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The manifest: the devices that an image wants, each by its name. It comes out of the image and is
 * handed back to the guest with what the tender attached; the layout is Solo5's.
 */

#include <stddef.h>
#include <stdint.h>

#include "spt/refusal.h"

#define MANIFEST_VERSION     1U
#define MANIFEST_ENTRIES_MAX 64U
#define MANIFEST_NAME_SIZE   68U

typedef enum DeviceType {
        DEVICE_BLOCK = 1,
        DEVICE_NET = 2,
        DEVICE_RESERVED = 1 << 30,
} DeviceType;

typedef struct ManifestEntry {
        char name[MANIFEST_NAME_SIZE];
        uint32_t type;
        union {
                struct {
                        uint64_t capacity;
                        uint16_t block_size;
                } block;
                struct {
                        uint8_t mac[6];
                        uint16_t mtu;
                } net;
        };
        union {
                int32_t host_fd;
                uint64_t reserved;
        };
        uint8_t attached;
} ManifestEntry;

typedef struct Manifest {
        uint32_t version;
        uint32_t n_entries;
        ManifestEntry entries[MANIFEST_ENTRIES_MAX];
} Manifest;

#define MANIFEST_HEADER_SIZE offsetof(Manifest, entries)

_Static_assert(MANIFEST_HEADER_SIZE == 8, "the guest reads these offsets");
_Static_assert(sizeof(ManifestEntry) == 104, "the guest reads these offsets");
_Static_assert(offsetof(ManifestEntry, type) == 68, "the guest reads these offsets");
_Static_assert(offsetof(ManifestEntry, block.capacity) == 72, "the guest reads these offsets");
_Static_assert(offsetof(ManifestEntry, host_fd) == 88, "the guest reads these offsets");
_Static_assert(offsetof(ManifestEntry, attached) == 96, "the guest reads these offsets");

/* Checks @size hostile bytes in which an image claims to have its manifest. */
int manifest_read(Manifest *ret, const void *bytes, size_t size, Refusal *refusal);

/* The bytes that @manifest really occupies. */
size_t manifest_size(const Manifest *manifest);

/* The device of @type whose name is the @length bytes at @name, or NULL with a sentence. */
ManifestEntry *manifest_find(Manifest *manifest,
                             DeviceType type,
                             const char *name,
                             size_t length,
                             Refusal *refusal);

/* "net" or "block", as options begin. */
const char *manifest_type_name(DeviceType type);

/* Refuses when a device has not been attached, naming every such device and its option. */
int manifest_check_attached(const Manifest *manifest, Refusal *refusal);
