/* SPDX-License-Identifier: ISC */

/*
 * hostile-image KIND <IMAGE >OUTPUT: a good spt image with one lie in it. Kinds are the names in
 * the table below; without one, they are listed.
 */

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_MAX (1U << 20)

/* elf_abi.h and mft_abi.h of Solo5. */
#define NOTE_ABI      0x31494241U
#define NOTE_MANIFEST 0x3154464dU

static union {
        Elf64_Ehdr header;
        uint8_t bytes[IMAGE_MAX];
} image;
static size_t image_size;

static Elf64_Phdr *segment(uint32_t type, unsigned nth) {
        Elf64_Phdr *segments = (void *) (image.bytes + image.header.e_phoff);

        for (unsigned i = 0; i < image.header.e_phnum; i++)
                if (segments[i].p_type == type && nth-- == 0)
                        return &segments[i];
        fprintf(stderr, "The image has no such segment\n");
        exit(EXIT_FAILURE);
}

static Elf64_Nhdr *note(uint32_t type) {
        for (unsigned i = 0; i < 8; i++) {
                Elf64_Nhdr *header = (void *) (image.bytes + segment(PT_NOTE, i)->p_offset);

                if (header->n_type == type)
                        return header;
        }
        exit(EXIT_FAILURE);
}

/* Behind the padded name "Solo5". */
static uint32_t *abi(void) {
        return (uint32_t *) (note(NOTE_ABI) + 1) + 2;
}

/* The manifest is aligned to 8 within its note. */
static uint32_t *manifest(void) {
        return (uint32_t *) (note(NOTE_MANIFEST) + 1) + 3;
}

static void no_elf(void) {
        image.bytes[0] = 'X';
}

static void other_machine(void) {
        image.header.e_machine = EM_AARCH64;
}

static void other_class(void) {
        image.header.e_ident[EI_CLASS] = ELFCLASS32;
}

static void no_notes(void) {
        note(NOTE_ABI)->n_type = 7;
        note(NOTE_MANIFEST)->n_type = 7;
}

static void other_target(void) {
        abi()[0] = 3;
}

static void for_hvt(void) {
        abi()[0] = 1;
}

static void other_abi(void) {
        abi()[1] = 77;
}

static void manifest_size(void) {
        note(NOTE_MANIFEST)->n_descsz += 8;
}

static void manifest_count(void) {
        manifest()[1] = 65;
}

static void manifest_version(void) {
        manifest()[0] = 9;
}

static void manifest_reserved(void) {
        memset(manifest() + 2, 'a', 68);
}

static void overlapping(void) {
        segment(PT_LOAD, 1)->p_vaddr = segment(PT_LOAD, 0)->p_vaddr;
}

static void wrapping(void) {
        segment(PT_LOAD, 1)->p_memsz = UINT64_MAX - 4096;
}

static void low(void) {
        segment(PT_LOAD, 0)->p_vaddr = 0x1000;
}

static void writable_text(void) {
        segment(PT_LOAD, 0)->p_flags = PF_R | PF_W | PF_X;
        segment(PT_LOAD, 1)->p_flags = PF_R | PF_W | PF_X;
}

static void beyond_file(void) {
        segment(PT_LOAD, 0)->p_filesz = segment(PT_LOAD, 0)->p_memsz = IMAGE_MAX;
}

static void no_segments(void) {
        image.header.e_phnum = 0;
}

static void far_headers(void) {
        image.header.e_phoff = UINT64_MAX - 8;
}

static void lost_entry(void) {
        image.header.e_entry = 0x42;
}

static const struct {
        const char *name;
        void (*apply)(void);
} kinds[] = {
        {"no-elf", no_elf},
        {"other-machine", other_machine},
        {"other-class", other_class},
        {"no-notes", no_notes},
        {"other-target", other_target},
        {"for-hvt", for_hvt},
        {"other-abi", other_abi},
        {"manifest-size", manifest_size},
        {"manifest-count", manifest_count},
        {"manifest-version", manifest_version},
        {"manifest-reserved", manifest_reserved},
        {"overlapping", overlapping},
        {"wrapping", wrapping},
        {"low", low},
        {"writable-text", writable_text},
        {"beyond-file", beyond_file},
        {"no-segments", no_segments},
        {"far-headers", far_headers},
        {"lost-entry", lost_entry},
};

int main(int argc, char **argv) {
        image_size = fread(image.bytes, 1, sizeof(image.bytes), stdin);
        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
                if (argc < 2)
                        puts(kinds[i].name);
                else if (strcmp(kinds[i].name, argv[1]) == 0) {
                        kinds[i].apply();
                        return fwrite(image.bytes, 1, image_size, stdout) != image_size;
                }
        }
        return argc >= 2;
}
