/* SPDX-License-Identifier: ISC */

/* Images, as our tender loads them. */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz.h"
#include "spt/abi.h"
#include "spt/image.h"

#define MEMORY (64ULL << 20)

static void check_segment(const Segment *segment, uint64_t used, size_t file_size) {
        const int both = PROT_WRITE | PROT_EXEC;

        property(segment->address >= used && segment->end <= MEMORY &&
                         segment->address < segment->end,
                 "segments are in order and inside of the guest's memory");
        property(segment->address % SPT_PAGE_SIZE == 0 && segment->end % SPT_PAGE_SIZE == 0,
                 "segments are made of pages");
        property(segment->file_size <= segment->memory_size &&
                         segment->memory_size <= segment->end - segment->address,
                 "a segment has room for what is in the file");
        property(segment->file_size == 0 || (segment->offset <= file_size &&
                                             segment->file_size <= file_size - segment->offset),
                 "a segment is inside of the file");
        property((segment->protection & both) != both, "no segment is writable and executable");
}

static void check_manifest(const Manifest *manifest) {
        property(manifest->version == MANIFEST_VERSION && manifest->n_entries >= 1 &&
                         manifest->n_entries <= MANIFEST_ENTRIES_MAX,
                 "the manifest is of a known version and size");
        property(manifest->entries[0].name[0] == '\0' &&
                         manifest->entries[0].type == DEVICE_RESERVED,
                 "the manifest begins with its reserved entry");
        for (uint32_t i = 0; i < manifest->n_entries; i++) {
                const ManifestEntry *entry = &manifest->entries[i];

                property(memchr(entry->name, '\0', sizeof(entry->name)) && !entry->attached,
                         "devices have terminated names and are not attached");
        }
}

bool fuzz_input(const uint8_t *data, size_t size) {
        static Manifest manifest;
        static int fd = -1;
        static Image image;
        Refusal refusal = {};
        bool has_entry = false;
        int r;

        if (fd < 0)
                fd = memfd_create("image", MFD_CLOEXEC);
        property(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
                         file_write_all(fd, data, size) == 0,
                 "the image is in its file");
        memset(&image, 0xaa, sizeof(image));
        memset(&manifest, 0xaa, sizeof(manifest));

        r = image_read(&image, &manifest, fd, MEMORY, &refusal);
        if (r < 0) {
                property(r == -EINVAL && refusal.sentence[0] != '\0' &&
                                 memchr(refusal.sentence, '\0', sizeof(refusal.sentence)),
                         "an image is refused with a sentence");
                property(image.n_segments == 0xaaaaaaaaaaaaaaaa && manifest.n_entries == 0xaaaaaaaa,
                         "a refused image leaves no trace");
                return false;
        }

        property(image.n_segments <= IMAGE_HEADERS_MAX, "there are not too many segments");
        for (size_t i = 0; i < image.n_segments; i++) {
                const Segment *segment = &image.segments[i];

                check_segment(segment, i > 0 ? segment[-1].end : SPT_IMAGE_START, size);
                has_entry = has_entry ||
                            ((segment->protection & PROT_EXEC) && image.entry >= segment->address &&
                             image.entry < segment->end);
        }
        property(has_entry, "the guest begins in what it may execute");
        check_manifest(&manifest);
        return true;
}
