/* SPDX-License-Identifier: ISC */

/* Small images: all that a reader looks at, and next to nothing to run. */

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "image/wire.h"
#include "make-seeds.h"

#define N_SEGMENTS 5U
#define N_ENTRIES  3U

typedef struct Entry {
        char name[IMAGE_DEVICE_NAME_MAX + 1];
        uint32_t type;
        uint8_t device[16], backing[8], attached, padding[7];
} Entry;

typedef struct SmallImage {
        Elf64_Ehdr elf;
        Elf64_Phdr segments[N_SEGMENTS];
        struct {
                Elf64_Nhdr note;
                char owner[8];
                uint32_t target, version, reserved[2];
        } abi;
        struct {
                Elf64_Nhdr note;
                char owner[8];
                uint32_t padding, version, n_entries;
                Entry entries[N_ENTRIES];
        } manifest;
        uint8_t text[16], data[16];
} SmallImage;

_Static_assert(sizeof(Entry) == 104, "as in Solo5's mft_abi.h");

/* Segment @type with @size bytes of the file at @offset. */
static Elf64_Phdr segment(uint32_t type, uint32_t flags, size_t offset, size_t size) {
        return (Elf64_Phdr){
                .p_type = type,
                .p_flags = flags,
                .p_offset = offset,
                .p_filesz = size,
                .p_memsz = size,
                .p_align = type == PT_NOTE ? 4 : 4096,
        };
}

static void make_segments(SmallImage *image) {
        Elf64_Phdr *segments = image->segments;

        segments[0] = segment(PT_LOAD, PF_R | PF_X, offsetof(SmallImage, text), 16);
        segments[0].p_vaddr = 0x100000;
        segments[1] = segment(PT_LOAD, PF_R | PF_W, offsetof(SmallImage, data), 16);
        segments[1].p_vaddr = 0x101000;
        segments[1].p_memsz = 0x3000;
        segments[2] = segment(PT_LOAD, PF_R, 0, 0);
        segments[3] = segment(PT_NOTE, PF_R, offsetof(SmallImage, abi), sizeof(image->abi));
        segments[4] =
                segment(PT_NOTE, PF_R, offsetof(SmallImage, manifest), sizeof(image->manifest));
}

static SmallImage make_image(void) {
        SmallImage image = {
                .elf = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                                    EV_CURRENT},
                        .e_type = ET_EXEC,
                        .e_machine = EM_X86_64,
                        .e_version = EV_CURRENT,
                        .e_entry = 0x100000,
                        .e_phoff = sizeof(Elf64_Ehdr),
                        .e_ehsize = sizeof(Elf64_Ehdr),
                        .e_phentsize = sizeof(Elf64_Phdr),
                        .e_phnum = N_SEGMENTS},
                .abi = {{6, 16, 0x31494241}, "Solo5", IMAGE_TARGET_SPT, 2, {0}},
                .manifest = {.note = {6, 12 + N_ENTRIES * sizeof(Entry), 0x3154464d},
                             .owner = "Solo5",
                             .version = 1,
                             .n_entries = N_ENTRIES,
                             .entries = {{.type = 1U << 30},
                                         {.name = "service", .type = IMAGE_DEVICE_NET},
                                         {.name = "Disk0", .type = IMAGE_DEVICE_BLOCK}}},
        };

        make_segments(&image);
        return image;
}

/* For both readers, which are to agree on it. */
static void write_image(const char *name, const SmallImage *image) {
        static const char *const targets[] = {"notes", "spt-image"};
        char path[256];

        for (size_t i = 0; i < N_ELEMENTS(targets); i++) {
                snprintf(path, sizeof(path), "%s/%s", targets[i], name);
                seed_add(image, sizeof(*image));
                seed_write(path);
        }
}

void make_images(void) {
        SmallImage image = make_image();

        write_image("accepted/small", &image);
        image.segments[3].p_type = PT_NULL;
        write_image("refused/no-abi", &image);
        image = make_image();
        image.segments[4].p_type = PT_NULL;
        write_image("refused/no-manifest", &image);
        image = make_image();
        image.manifest.n_entries++;
        write_image("refused/manifest-too-short", &image);
        image = make_image();
        image.manifest.entries[1].attached = 1;
        write_image("refused/attached", &image);
        image = make_image();
        memset(image.manifest.entries[2].name, 'x', sizeof(image.manifest.entries[2].name));
        write_image("refused/endless-name", &image);
        image = make_image();
        image.segments[1].p_vaddr = 0x100000;
        write_image("refused/overlap", &image);
        image = make_image();
        image.segments[1].p_memsz = UINT64_MAX - 0x101000;
        write_image("refused/wraps", &image);
        image = make_image();
        image.segments[0].p_flags |= PF_W;
        write_image("refused/writable-text", &image);
        image = make_image();
        image.elf.e_entry = 0x101000;
        write_image("refused/entry-in-data", &image);
        image = make_image();
        image.segments[0].p_offset = UINT64_MAX - 7;
        write_image("refused/behind-the-end", &image);
        image = make_image();
        image.elf.e_phoff = UINT64_MAX;
        write_image("refused/no-headers", &image);
}
