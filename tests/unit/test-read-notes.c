/* SPDX-License-Identifier: ISC */

/* Images, each right but for one thing, and what is said about that thing. */

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/notes.h"
#include "intake-image.h"
#include "intake-run.h"

static void reports_target_version_and_devices(void **state) {
        expect_accepted(make_image());
        assert_int_equal(report.target, IMAGE_TARGET_SPT);
        assert_int_equal(report.abi_version, 2);
        assert_int_equal(report.n_devices, 2);
        assert_int_equal(report.devices[0].type, IMAGE_DEVICE_NET);
        assert_string_equal(report.devices[0].name, "service");
        assert_int_equal(report.devices[1].type, IMAGE_DEVICE_BLOCK);
        assert_string_equal(report.devices[1].name, "Disk0");
}

static void reports_targets_that_nobody_knows(void **state) {
        TestImage *image = make_image();

        abi_content(image)[0] = 4711;
        abi_content(image)[1] = UINT32_MAX;
        expect_accepted(image);
        assert_int_equal(report.target, 4711);
        assert_int_equal(report.abi_version, UINT32_MAX);
}

static void never_looks_at_sections(void **state) {
        TestImage *image = make_image();

        image->elf.e_shoff = 64;
        image->elf.e_shnum = UINT16_MAX;
        image->elf.e_shentsize = 1;
        image->elf.e_shstrndx = UINT16_MAX;
        expect_accepted(image);
        image->elf.e_shoff = UINT64_MAX;
        image->elf.e_shnum = 0;
        expect_accepted(image);
}

static void refuses_what_is_no_elf_file(void **state) {
        TestImage *image = make_image();

        image->size = 0;
        expect_refusal(image, "The image is empty");
        for (size_t size = 1; size < sizeof(Elf64_Ehdr); size++) {
                image->size = size;
                expect_refusal(image, "The image is not an ELF file");
        }
        image = make_image();
        image->bytes[0] = '#';
        expect_refusal(image, "The image is not an ELF file");
        memcpy(image->bytes, "!<arch>\n", 8);
        expect_refusal(image, "The image is not an ELF file");
}

static void refuses_other_classes_and_byte_orders(void **state) {
        TestImage *image = make_image();

        image->elf.e_ident[EI_CLASS] = ELFCLASS32;
        expect_refusal(image, "The image is not a 64-bit ELF file");
        image = make_image();
        image->elf.e_ident[EI_CLASS] = 3;
        expect_refusal(image, "The image is not a 64-bit ELF file");
        image = make_image();
        image->elf.e_ident[EI_DATA] = ELFDATA2MSB;
        expect_refusal(image, "The image is not a little-endian ELF file");
        image = make_image();
        image->elf.e_ident[EI_VERSION] = 2;
        expect_refusal(image, "The ELF header is broken");
}

static void names_the_machine_that_it_refuses(void **state) {
        static const struct {
                uint16_t machine;
                const char *reason;
        } cases[] = {
                {EM_AARCH64, "The image is made for AArch64, not for x86-64"},
                {EM_PPC64, "The image is made for 64-bit PowerPC, not for x86-64"},
                {EM_RISCV, "The image is made for RISC-V, not for x86-64"},
                {EM_386, "The image is made for 32-bit x86, not for x86-64"},
                {0xbeef, "The image is made for machine 48879, not for x86-64"},
        };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                TestImage *image = make_image();

                image->elf.e_machine = cases[i].machine;
                expect_refusal(image, cases[i].reason);
        }
}

static void refuses_other_types_of_files(void **state) {
        TestImage *image = make_image();

        image->elf.e_type = ET_DYN;
        expect_refusal(image,
                       "The image is a position-independent program or a library, not a unikernel");
        image->elf.e_type = ET_REL;
        expect_refusal(image, "The image is not an executable ELF file");
        image->elf.e_type = ET_CORE;
        expect_refusal(image, "The image is not an executable ELF file");
}

static void refuses_broken_program_headers(void **state) {
        static const char reason[] = "The program headers are broken";
        TestImage *image = make_image();

        image->elf.e_phoff = IMAGE_SIZE - 56;
        expect_refusal(image, reason);
        image->elf.e_phoff = UINT64_MAX - 55;
        expect_refusal(image, reason);
        image->elf.e_phoff = 1;
        expect_refusal(image, reason);
        image = make_image();
        image->elf.e_phentsize = 55;
        expect_refusal(image, reason);
        image = make_image();
        image->elf.e_phnum = 1000;
        expect_refusal(image, reason);
        /* "Look into the first section for their number." */
        image->elf.e_phnum = PN_XNUM;
        image->elf.e_shoff = 64;
        image->elf.e_shnum = 1;
        image->elf.e_shentsize = 64;
        expect_refusal(image, reason);
}

static void refuses_an_image_with_nothing_to_load(void **state) {
        TestImage *image = make_image();

        image->elf.e_phnum = 0;
        expect_refusal(image, "The image has nothing to load");
        image = make_image();
        segment(image, TEXT)->p_type = PT_NULL;
        segment(image, DATA)->p_type = PT_NULL;
        expect_refusal(image, "The image has nothing to load");
}

static void refuses_segments_that_are_writable_and_executable(void **state) {
        TestImage *image = make_image();

        segment(image, DATA)->p_flags = PF_R | PF_W | PF_X;
        expect_refusal(image, "Segment 1 is both writable and executable");
        segment(image, DATA)->p_flags = PF_W | PF_X;
        expect_refusal(image, "Segment 1 is both writable and executable");
}

static void refuses_segments_that_overlap(void **state) {
        static const char reason[] = "Segment 1 overlaps another one or is out of order";
        TestImage *image = make_image();

        segment(image, DATA)->p_vaddr = 0x100000;
        expect_refusal(image, reason);
        /* On one page, though not on one byte. */
        segment(image, TEXT)->p_memsz = segment(image, TEXT)->p_filesz = 0x800;
        segment(image, DATA)->p_vaddr = 0x100800;
        expect_refusal(image, reason);
        segment(image, TEXT)->p_vaddr = 0x105000;
        expect_refusal(image, reason);
        segment(image, TEXT)->p_vaddr = 0x100000;
        /* Rounded as a tender rounds. */
        segment(image, DATA)->p_vaddr = 0x101000;
        expect_accepted(image);
        segment(image, DATA)->p_align = 0x200000;
        expect_refusal(image, reason);
}

static void refuses_segments_where_the_tender_is(void **state) {
        TestImage *image = make_image();

        segment(image, DATA)->p_vaddr = 0xff000;
        expect_refusal(image, "Segment 1 begins below 0x100000");
        segment(image, TEXT)->p_vaddr = 0;
        expect_refusal(image, "Segment 0 begins below 0x100000");
}

static void refuses_segments_that_wrap_around(void **state) {
        static const char reason[] = "Segment 1 reaches beyond the end of memory";
        TestImage *image = make_image();

        segment(image, DATA)->p_memsz = UINT64_MAX - 0x101000 + 1;
        expect_refusal(image, reason);
        segment(image, DATA)->p_memsz = UINT64_MAX - 0x101000;
        expect_refusal(image, reason);
        segment(image, DATA)->p_vaddr = UINT64_MAX - 0x7ff;
        segment(image, DATA)->p_memsz = 0x800;
        expect_refusal(image, reason);
}

static void refuses_segments_that_the_file_does_not_hold(void **state) {
        static const char reason[] = "Segment 1 reaches beyond the end of the file";
        TestImage *image = make_image();

        segment(image, DATA)->p_offset = IMAGE_SIZE - 0x7ff;
        expect_refusal(image, reason);
        segment(image, DATA)->p_offset = UINT64_MAX - 0x7ff;
        expect_refusal(image, reason);
        image = make_image();
        segment(image, DATA)->p_memsz = 0x7ff;
        expect_refusal(image, "Segment 1 is larger in the file than in memory");
}

static void refuses_odd_alignments(void **state) {
        static const char reason[] = "Segment 0 has an alignment that is no power of 2";
        TestImage *image = make_image();

        segment(image, TEXT)->p_align = 0;
        expect_refusal(image, reason);
        segment(image, TEXT)->p_align = 0x1001;
        expect_refusal(image, reason);
        /* The highest power that there is. */
        segment(image, TEXT)->p_align = UINT64_C(1) << 63;
        expect_refusal(image, "Segment 1 overlaps another one or is out of order");
}

static void refuses_an_entry_that_is_not_executable(void **state) {
        static const uint64_t entries[] = {0, 0xfffff, 0x101000, UINT64_MAX};

        for (size_t i = 0; i < N_ELEMENTS(entries); i++) {
                TestImage *image = make_image();

                image->elf.e_entry = entries[i];
                expect_refusal(image, "The image does not begin in an executable segment");
        }
}

static void refuses_an_image_without_notes(void **state) {
        static const char no_abi[] = "The image carries no ABI note of Solo5: it is no unikernel";
        static const char no_manifest[] = "The image carries no manifest of Solo5";
        TestImage *image = make_image();

        segment(image, ABI)->p_type = PT_NULL;
        expect_refusal(image, no_abi);
        image = make_image();
        segment(image, MANIFEST)->p_type = PT_NULL;
        expect_refusal(image, no_manifest);

        /* Of another owner, and of other types. */
        image = make_image();
        memcpy(abi_note(image)->name, "Solo6", 5);
        expect_refusal(image, no_abi);
        image = make_image();
        memcpy(abi_note(image)->name, "Solo5x", 6);
        expect_refusal(image, no_abi);
        image = make_image();
        abi_note(image)->type++;
        expect_refusal(image, no_abi);
        image = make_image();
        manifest(image)->note.type++;
        expect_refusal(image, no_manifest);
        image = make_image();
        segment(image, MANIFEST)->p_filesz = 0;
        expect_refusal(image, no_manifest);
}

static void refuses_two_notes_of_a_kind(void **state) {
        TestImage *image = make_image();

        *segment(image, BSS) = *segment(image, ABI);
        expect_refusal(image, "The image carries two ABI notes");
        *segment(image, BSS) = *segment(image, MANIFEST);
        expect_refusal(image, "The image carries two manifests");
}

static void refuses_broken_notes(void **state) {
        TestImage *image = make_image();

        segment(image, ABI)->p_offset = IMAGE_SIZE - 35;
        expect_refusal(image, "A note reaches beyond the end of the file");
        segment(image, ABI)->p_offset = UINT64_MAX - 10;
        expect_refusal(image, "A note reaches beyond the end of the file");
        image = make_image();
        segment(image, ABI)->p_filesz = 11;
        expect_refusal(image, "A note is broken or too large");
        segment(image, ABI)->p_filesz = 35;
        expect_refusal(image, "A note is broken or too large");
        image = make_image();
        abi_note(image)->name_size = UINT32_MAX;
        expect_refusal(image, "A note is broken or too large");
        image = make_image();
        manifest(image)->note.content_size = UINT32_MAX;
        expect_refusal(image, "A note is broken or too large");
        image = make_image();
        manifest(image)->note.content_size = 8192;
        segment(image, MANIFEST)->p_filesz = 8192 + sizeof(TestNote);
        expect_refusal(image, "A note is broken or too large");
}

static void refuses_an_abi_note_of_another_size(void **state) {
        TestImage *image = make_image();

        abi_note(image)->content_size = 12;
        expect_refusal(image, "The ABI note has 12 bytes, not 16");
        abi_note(image)->content_size = 0;
        expect_refusal(image, "The ABI note has 0 bytes, not 16");
        abi_note(image)->content_size = 20;
        segment(image, ABI)->p_filesz += 4;
        expect_refusal(image, "The ABI note has 20 bytes, not 16");
}

/* Whatever single byte is changed, nothing is read beyond the image (run with sanitizers). */
static void survives_every_single_byte(void **state) {
        for (size_t at = 0; at < 0x560; at++) {
                static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
                TestImage *image = make_image();

                for (size_t i = 0; i < N_ELEMENTS(values); i++) {
                        image->bytes[at] = values[i];
                        (void) read_image(image);
                }
        }
}

static void survives_every_truncation(void **state) {
        TestImage *image = make_image();

        for (size_t size = 0; size < 0x3800; size += size < 0x600 ? 1 : 61) {
                image->size = size;
                assert_int_equal(read_image(image), -EBADMSG);
        }
        image->size = 0x3800;
        expect_accepted(image);
}

static void runs_as_a_program(void **state) {
        static const char *const arguments[] = {"albatross-read-notes", NULL};
        static const char *const too_many[] = {"albatross-read-notes", "x", NULL};
        TestImage *image = make_image();
        _cleanup_(fd_closep) int in = intake_file(image->bytes, image->size);
        _cleanup_(fd_closep) int empty = intake_file("", 0);
        int fds[2];

        if (!getenv("ALBATROSS_INTAKE")) {
                print_message("$ALBATROSS_INTAKE says where the programs are\n");
                skip();
        }
        memset(&report, 0xff, sizeof(report));
        assert_int_equal(intake_run(arguments, in, in, &report, sizeof(report)), 0);
        assert_int_equal(report.header.version, IMAGE_WIRE_VERSION);
        assert_int_equal(report.header.error, 0);
        assert_string_equal(report.header.reason, "");
        assert_int_equal(report.target, IMAGE_TARGET_SPT);
        assert_int_equal(report.n_devices, 2);
        assert_string_equal(report.devices[1].name, "Disk0");

        assert_int_equal(intake_run(arguments, empty, in, &report, sizeof(report)), 1);
        assert_string_equal(report.header.reason, "The image is empty");
        assert_int_equal(intake_run(too_many, in, in, &report, sizeof(report)), 2);
        assert_int_equal(report.header.error, -EINVAL);
        assert_int_equal(pipe(fds), 0);
        assert_int_equal(intake_run(arguments, fds[0], in, &report, sizeof(report)), 2);
        assert_int_equal(report.header.error, -EBADF);
        close(fds[0]);
        close(fds[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reports_target_version_and_devices),
                cmocka_unit_test(reports_targets_that_nobody_knows),
                cmocka_unit_test(never_looks_at_sections),
                cmocka_unit_test(refuses_what_is_no_elf_file),
                cmocka_unit_test(refuses_other_classes_and_byte_orders),
                cmocka_unit_test(names_the_machine_that_it_refuses),
                cmocka_unit_test(refuses_other_types_of_files),
                cmocka_unit_test(refuses_broken_program_headers),
                cmocka_unit_test(refuses_an_image_with_nothing_to_load),
                cmocka_unit_test(refuses_segments_that_are_writable_and_executable),
                cmocka_unit_test(refuses_segments_that_overlap),
                cmocka_unit_test(refuses_segments_where_the_tender_is),
                cmocka_unit_test(refuses_segments_that_wrap_around),
                cmocka_unit_test(refuses_segments_that_the_file_does_not_hold),
                cmocka_unit_test(refuses_odd_alignments),
                cmocka_unit_test(refuses_an_entry_that_is_not_executable),
                cmocka_unit_test(refuses_an_image_without_notes),
                cmocka_unit_test(refuses_two_notes_of_a_kind),
                cmocka_unit_test(refuses_broken_notes),
                cmocka_unit_test(refuses_an_abi_note_of_another_size),
                cmocka_unit_test(survives_every_single_byte),
                cmocka_unit_test(survives_every_truncation),
                cmocka_unit_test(runs_as_a_program),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
