/* SPDX-License-Identifier: ISC */

#include <elf.h>
#include <string.h>

#include "spt/abi.h"
#include "spt/notes.h"

#define NOTE_ABI      0x31494241U
#define NOTE_MANIFEST 0x3154464dU

/* Inside its note the manifest is aligned to 8 bytes, while notes themselves are to 4. */
#define MANIFEST_PADDING 4U

static const char owner[] = "Solo5";

typedef struct AbiNote {
        uint32_t target, version, reserved[2];
} AbiNote;

void notes_init(Notes *notes) {
        notes->has_abi = false;
        notes->has_manifest = false;
}

static int add_abi(Notes *notes, const uint8_t *bytes, size_t size, Refusal *refusal) {
        AbiNote abi;

        if (notes->has_abi)
                return refusal_set(refusal, "The image has two ABI notes");
        if (size != sizeof(abi))
                return refusal_set(refusal, "The image's ABI note has an odd size");
        memcpy(&abi, bytes, sizeof(abi));
        if (abi.target != SPT_ABI_TARGET)
                return refusal_set(refusal, "The image is not made for spt tenders");
        if (abi.version != SPT_ABI_VERSION)
                return refusal_set(refusal,
                                   "The image wants version %u of the spt interface, not %u",
                                   abi.version, SPT_ABI_VERSION);
        notes->has_abi = true;
        return 0;
}

static int add_manifest(Notes *notes, const uint8_t *bytes, size_t size, Refusal *refusal) {
        int r;

        if (notes->has_manifest)
                return refusal_set(refusal, "The image has two manifests");
        if (size < MANIFEST_PADDING)
                return refusal_set(refusal, "The image's manifest is truncated");
        r = manifest_read(&notes->manifest, bytes + MANIFEST_PADDING, size - MANIFEST_PADDING,
                          refusal);
        if (r < 0)
                return r;
        notes->has_manifest = true;
        return 0;
}

int notes_add(Notes *notes, const void *bytes, size_t size, Refusal *refusal) {
        const uint8_t *rest = bytes;
        int r;

        while (size > 0) {
                size_t name_size, total;
                Elf64_Nhdr header;

                if (size < sizeof(header))
                        return refusal_set(refusal, "A note of the image is truncated");
                memcpy(&header, rest, sizeof(header));

                /* Sizes are 32 bits wide, so none of these sums wraps. */
                name_size = ((size_t) header.n_namesz + 3) & ~(size_t) 3;
                total = sizeof(header) + name_size + header.n_descsz;
                if (total > size)
                        return refusal_set(refusal, "A note of the image is truncated");

                if (header.n_namesz == sizeof(owner) &&
                    memcmp(rest + sizeof(header), owner, sizeof(owner)) == 0) {
                        const uint8_t *content = rest + sizeof(header) + name_size;

                        r = 0;
                        if (header.n_type == NOTE_ABI)
                                r = add_abi(notes, content, header.n_descsz, refusal);
                        else if (header.n_type == NOTE_MANIFEST)
                                r = add_manifest(notes, content, header.n_descsz, refusal);
                        if (r < 0)
                                return r;
                }

                /* The padding after the last note may be missing. */
                total = (total + 3) & ~(size_t) 3;
                if (total >= size)
                        break;
                rest += total;
                size -= total;
        }
        return 0;
}

int notes_check_complete(const Notes *notes, Refusal *refusal) {
        if (!notes->has_abi)
                return refusal_set(refusal, "Not a Solo5 image: it has no ABI note");
        if (!notes->has_manifest)
                return refusal_set(refusal, "The image has no manifest");
        return 0;
}
