/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/notes.h"
#include "intake-image.h"

NotesReport report;

Elf64_Phdr *segment(TestImage *image, size_t i) {
        return (Elf64_Phdr *) (void *) (image->bytes + sizeof(Elf64_Ehdr)) + i;
}

TestNote *abi_note(TestImage *image) {
        return (TestNote *) (void *) (image->bytes + ABI_AT);
}

uint32_t *abi_content(TestImage *image) {
        return (uint32_t *) (void *) (abi_note(image) + 1);
}

TestManifest *manifest(TestImage *image) {
        return (TestManifest *) (void *) (image->bytes + MANIFEST_AT);
}

void set_n_entries(TestImage *image, uint32_t n_entries) {
        TestManifest *it = manifest(image);

        it->n_entries = n_entries;
        it->note.content_size = 12 + n_entries * (uint32_t) sizeof(TestEntry);
        segment(image, MANIFEST)->p_filesz = sizeof(TestNote) + it->note.content_size;
}

static void make_segments(TestImage *image) {
        *segment(image, TEXT) = (Elf64_Phdr){.p_type = PT_LOAD,
                                             .p_flags = PF_R | PF_X,
                                             .p_offset = TEXT_AT,
                                             .p_vaddr = 0x100000,
                                             .p_filesz = 0x1000,
                                             .p_memsz = 0x1000,
                                             .p_align = 0x1000};
        *segment(image, DATA) = (Elf64_Phdr){.p_type = PT_LOAD,
                                             .p_flags = PF_R | PF_W,
                                             .p_offset = DATA_AT,
                                             .p_vaddr = 0x101000,
                                             .p_filesz = 0x800,
                                             .p_memsz = 0x5000,
                                             .p_align = 0x1000};
        /* Solo5's linker scripts leave this one behind. */
        *segment(image, BSS) = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R, .p_align = 0x1000};
        *segment(image, ABI) = (Elf64_Phdr){.p_type = PT_NOTE,
                                            .p_offset = ABI_AT,
                                            .p_filesz = sizeof(TestNote) + 16,
                                            .p_align = 4};
        *segment(image, MANIFEST) =
                (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = MANIFEST_AT, .p_align = 4};
}

TestImage *make_image(void) {
        static TestImage image;

        memset(&image, 0, sizeof(image));
        image.size = IMAGE_SIZE;
        image.elf = (Elf64_Ehdr){.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
                                             ELFDATA2LSB, EV_CURRENT},
                                 .e_type = ET_EXEC,
                                 .e_machine = EM_X86_64,
                                 .e_version = EV_CURRENT,
                                 .e_entry = 0x100020,
                                 .e_phoff = sizeof(Elf64_Ehdr),
                                 .e_ehsize = sizeof(Elf64_Ehdr),
                                 .e_phentsize = sizeof(Elf64_Phdr),
                                 .e_phnum = N_SEGMENTS};
        make_segments(&image);

        *abi_note(&image) = (TestNote){6, 16, ABI_TYPE, "Solo5"};
        abi_content(&image)[0] = IMAGE_TARGET_SPT;
        abi_content(&image)[1] = 2;

        manifest(&image)->note = (TestNote){6, 0, MANIFEST_TYPE, "Solo5"};
        manifest(&image)->version = 1;
        manifest(&image)->entries[0] = (TestEntry){.type = 1U << 30};
        manifest(&image)->entries[1] = (TestEntry){.name = "service", .type = 2};
        manifest(&image)->entries[2] = (TestEntry){.name = "Disk0", .type = 1};
        set_n_entries(&image, 3);
        return &image;
}

int read_image(TestImage *image) {
        /* In a block of exactly its size, so that sanitizers see each byte too many. */
        _cleanup_(freep) void *copy = malloc(image->size);

        assert_non_null(copy);
        memcpy(copy, image->bytes, image->size);
        memset(&report, 0, sizeof(report));
        return notes_read(&report, copy, image->size);
}

void expect_accepted(TestImage *image) {
        int r = read_image(image);

        assert_string_equal(report.header.reason, "");
        assert_int_equal(r, 0);
        assert_int_equal(report.header.error, 0);
}

void expect_refusal(TestImage *image, const char *reason) {
        int r = read_image(image);

        assert_string_equal(report.header.reason, reason);
        assert_int_equal(r, -EBADMSG);
        assert_int_equal(report.header.error, -EBADMSG);
}
