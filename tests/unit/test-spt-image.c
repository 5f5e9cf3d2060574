/* SPDX-License-Identifier: ISC */

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "spt/image.h"

#define MIB (1ULL << 20)

typedef struct __attribute__((__packed__)) File {
        Elf64_Ehdr header;
        Elf64_Phdr programs[6];
        struct {
                Elf64_Nhdr header;
                char owner[8];
                uint32_t abi[4];
        } abi;
        struct {
                Elf64_Nhdr header;
                char owner[8];
                uint32_t padding, version, n_entries;
                char name[68];
                uint32_t type;
                uint8_t rest[32];
        } manifest;
        uint8_t fill[4096 - 64 - 6 * 56 - 36 - 136];
        uint8_t text[0x2000];
        uint8_t data[0x1800];
} File;

_Static_assert(offsetof(File, text) == 4096, "segments begin at pages");

/* In the order in which fill() makes them. */
enum {
        TEXT,
        EMPTY,
        DATA,
        BSS,
        ABI,
        MANIFEST,
};

#define PROGRAM(kind, access, address, member, memory)                                             \
        {                                                                                          \
                .p_type = (kind), .p_flags = (access), .p_offset = offsetof(File, member),         \
                .p_vaddr = (address), .p_filesz = sizeof(((File *) NULL)->member),                 \
                .p_memsz = (memory), .p_align = 0x1000                                             \
        }

/* A valid image, with what real ones have: an empty segment at 0, and one without file contents. */
static void fill(File *file) {
        *file = (File){
                .header =
                        {
                                .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB,
                                            EV_CURRENT},
                                .e_type = ET_EXEC,
                                .e_machine = EM_X86_64,
                                .e_version = EV_CURRENT,
                                .e_entry = 0x101fff,
                                .e_phoff = offsetof(File, programs),
                                .e_ehsize = sizeof(Elf64_Ehdr),
                                .e_phentsize = sizeof(Elf64_Phdr),
                                .e_phnum = 6,
                        },
                .programs =
                        {
                                PROGRAM(PT_LOAD, PF_R | PF_X, 0x100000, text, 0x2000),
                                {.p_type = PT_LOAD, .p_offset = 0x238, .p_align = 0x1000},
                                PROGRAM(PT_LOAD, PF_R | PF_W, 0x102000, data, 0x1900),
                                {.p_type = PT_LOAD,
                                 .p_flags = PF_R | PF_W,
                                 .p_vaddr = 0x104000,
                                 .p_memsz = 0x10,
                                 .p_align = 0x1000},
                                PROGRAM(PT_NOTE, PF_R, 0, abi, 36),
                                PROGRAM(PT_NOTE, PF_R, 0, manifest, 136),
                        },
                .abi = {{6, 16, 0x31494241}, "Solo5", {2, 2}},
                .manifest =
                        {
                                .header = {6, 116, 0x3154464d},
                                .owner = "Solo5",
                                .version = 1,
                                .n_entries = 1,
                                .type = 1U << 30,
                        },
        };
}

static int read_file(Image *ret, const File *file, size_t size, Refusal *refusal) {
        _cleanup_(fd_closep) int fd = file_memfd("image", file, size);
        Manifest manifest;

        assert_true(fd >= 0);
        return image_read(ret, &manifest, fd, 2 * MIB, refusal);
}

static void reads_a_whole_image(void **state) {
        Refusal refusal = {};
        Image image;
        File file;

        fill(&file);
        assert_int_equal(read_file(&image, &file, sizeof(file), &refusal), 0);
        assert_int_equal(image.n_segments, 3);
        assert_int_equal(image.entry, 0x101fff);
        assert_int_equal(image.end, 0x105000);

        assert_int_equal(image.segments[0].address, 0x100000);
        assert_int_equal(image.segments[0].end, 0x102000);
        assert_int_equal(image.segments[0].offset, 0x1000);
        assert_int_equal(image.segments[0].file_size, 0x2000);
        assert_int_equal(image.segments[0].protection, PROT_READ | PROT_EXEC);
        assert_int_equal(image.segments[1].address, 0x102000);
        assert_int_equal(image.segments[1].end, 0x104000);
        assert_int_equal(image.segments[1].file_size, 0x1800);
        assert_int_equal(image.segments[1].memory_size, 0x1900);
        assert_int_equal(image.segments[1].protection, PROT_READ | PROT_WRITE);
        assert_int_equal(image.segments[2].file_size, 0);
}

static void reads_an_image_that_fills_its_memory(void **state) {
        Refusal refusal = {};
        Image image;
        File file;

        fill(&file);
        file.programs[BSS].p_memsz = 2 * MIB - 0x104000;
        assert_int_equal(read_file(&image, &file, sizeof(file), &refusal), 0);
        assert_int_equal(image.end, 2 * MIB);
        /* From the first byte of text to the last one. */
        file.header.e_entry = 0x100000;
        assert_int_equal(read_file(&image, &file, sizeof(file), &refusal), 0);
}

static void assert_size_refused(const File *file, size_t size, const char *sentence) {
        _cleanup_(fd_closep) int fd = file_memfd("image", file, size);
        Image image, image_before;
        Manifest manifest, manifest_before;
        Refusal refusal = {};

        memset(&image, 0x5a, sizeof(image));
        memset(&manifest, 0x5a, sizeof(manifest));
        image_before = image;
        manifest_before = manifest;

        assert_int_equal(image_read(&image, &manifest, fd, 2 * MIB, &refusal), -EINVAL);
        if (!strstr(refusal.sentence, sentence))
                fail_msg("\"%s\" is not about \"%s\"", refusal.sentence, sentence);
        assert_memory_equal(&image, &image_before, sizeof(image));
        assert_memory_equal(&manifest, &manifest_before, sizeof(manifest));
}

/* One change to a valid image. */
#define assert_refused(change, sentence)                                                           \
        ({                                                                                         \
                File file;                                                                         \
                                                                                                   \
                fill(&file);                                                                       \
                change;                                                                            \
                assert_size_refused(&file, sizeof(file), (sentence));                              \
        })

static void refuses_what_is_no_elf_of_ours(void **state) {
        assert_refused(file.header.e_ident[0] = 'M', "Not an ELF file");
        assert_refused(file.header.e_ident[EI_CLASS] = ELFCLASS32, "Not a 64-bit little-endian");
        assert_refused(file.header.e_ident[EI_DATA] = ELFDATA2MSB, "Not a 64-bit little-endian");
        assert_refused(file.header.e_ident[EI_VERSION] = 2, "Not a 64-bit little-endian");
        assert_refused(file.header.e_version = 0, "Not a 64-bit little-endian");
        assert_refused(file.header.e_type = ET_DYN, "Not a statically linked executable");
        assert_refused(file.header.e_type = ET_REL, "Not a statically linked executable");
        assert_refused(file.header.e_machine = EM_AARCH64, "Not an executable for x86-64");
        assert_refused(file.header.e_ehsize = 65, "odd sizes");
        assert_refused(file.header.e_phentsize = 32, "odd sizes");
}

static void refuses_headers_out_of_bounds(void **state) {
        assert_refused(file.header.e_phnum = 0, "0 program headers, not 1 to 64");
        assert_refused(file.header.e_phnum = 65, "65 program headers, not 1 to 64");
        assert_refused(file.header.e_phnum = 0xffff, "65535 program headers, not 1 to 64");
        assert_refused(file.header.e_phoff = sizeof(file), "shorter than its headers say");
        assert_refused(file.header.e_phoff = UINT64_MAX - 100, "Cannot read the image");
        assert_refused(file.header.e_phoff = sizeof(file) - 100, "shorter than its headers say");
}

static void refuses_files_cut_anywhere(void **state) {
        File file;

        fill(&file);
        assert_size_refused(&file, 0, "Not an ELF file");
        assert_size_refused(&file, 63, "Not an ELF file");
        assert_size_refused(&file, 64, "shorter than its headers say");
        assert_size_refused(&file, 400, "shorter than its headers say");
        assert_size_refused(&file, 4096, "segment at 0x100000 ends behind the file");
        assert_size_refused(&file, sizeof(file) - 1, "segment at 0x102000 ends behind the file");
}

static void refuses_segments_that_lie_about_the_file(void **state) {
        assert_refused(file.programs[TEXT].p_offset = UINT64_MAX - 5, "ends behind the file");
        assert_refused(file.programs[TEXT].p_offset = sizeof(file) - 5, "ends behind the file");
        assert_refused(file.programs[TEXT].p_filesz = 0x2001, "more in the file than in memory");
        assert_refused(
                (file.programs[TEXT].p_filesz = 0x100000, file.programs[TEXT].p_memsz = 0x100000),
                "ends behind the file");
        assert_refused((file.programs[TEXT].p_filesz = UINT64_MAX,
                        file.programs[TEXT].p_memsz = UINT64_MAX),
                       "ends behind the file");
        assert_refused(file.programs[EMPTY].p_filesz = 1, "more in the file than in memory");
}

static void refuses_segments_outside_of_memory(void **state) {
        assert_refused(file.programs[TEXT].p_vaddr = 0, "is outside of the guest's memory");
        assert_refused(file.programs[TEXT].p_vaddr = 0xff000, "is outside of the guest's memory");
        assert_refused(file.programs[EMPTY].p_memsz = 1, "is outside of the guest's memory");
        assert_refused(file.programs[BSS].p_vaddr = 2 * MIB, "is outside of the guest's memory");
        assert_refused(file.programs[BSS].p_memsz = 2 * MIB - 0x104000 + 1,
                       "is outside of the guest's memory");
        assert_refused(file.programs[BSS].p_vaddr = 0xfffffffffffff000, "wraps around");
        assert_refused(file.programs[BSS].p_memsz = UINT64_MAX - 0x104000, "wraps around");
        assert_refused(file.programs[BSS].p_memsz = UINT64_MAX, "wraps around");
}

static void refuses_segments_that_do_not_fit_together(void **state) {
        assert_refused(file.programs[DATA].p_vaddr = 0x101000, "overlaps or precedes");
        assert_refused(file.programs[TEXT].p_memsz = 0x2001, "overlaps or precedes");
        assert_refused(file.programs[BSS].p_vaddr = 0x103000, "overlaps or precedes");
        assert_refused(file.programs[TEXT].p_vaddr = 0x110000, "overlaps or precedes");
        assert_refused(file.programs[DATA].p_vaddr = 0x102010, "is not aligned to pages");
        assert_refused(file.programs[TEXT].p_flags = PF_R | PF_W | PF_X,
                       "both writable and executable");
        assert_refused(file.programs[BSS].p_flags = PF_W | PF_X, "both writable and executable");
}

static void refuses_entries_that_are_no_text(void **state) {
        assert_refused(file.header.e_entry = 0, "not in executable text");
        assert_refused(file.header.e_entry = 0xfffff, "not in executable text");
        assert_refused(file.header.e_entry = 0x102000, "not in executable text");
        assert_refused(file.header.e_entry = UINT64_MAX, "not in executable text");
        assert_refused(file.programs[TEXT].p_flags = PF_R, "not in executable text");
        assert_refused(file.programs[TEXT].p_type = PT_NULL, "not in executable text");
        /* Zeros behind the contents are no text either. */
        assert_refused((file.programs[TEXT].p_filesz = 0x1000), "not in executable text");
}

static void refuses_notes_that_are_wrong(void **state) {
        assert_refused(file.programs[ABI].p_type = PT_NULL, "no ABI note");
        assert_refused(file.programs[MANIFEST].p_type = PT_NULL, "no manifest");
        assert_refused(file.programs[ABI] = file.programs[MANIFEST], "two manifests");
        assert_refused(file.programs[MANIFEST] = file.programs[ABI], "two ABI notes");
        assert_refused(file.abi.abi[0] = 1, "not made for spt");
        assert_refused(file.abi.abi[1] = 1, "wants version 1");
        assert_refused(file.manifest.n_entries = 2, "not those of its 2 entries");
        assert_refused(file.programs[ABI].p_filesz = 8193, "notes are too large");
        assert_refused(file.programs[ABI].p_filesz = UINT64_MAX, "notes are too large");
        assert_refused(file.programs[ABI].p_offset = UINT64_MAX, "Cannot read the image");
        assert_refused(file.programs[ABI].p_filesz = 35, "truncated");
}

static void refuses_what_is_no_regular_file(void **state) {
        Refusal refusal = {};
        Manifest manifest;
        Image image;
        int fds[2];

        assert_int_equal(pipe(fds), 0);
        assert_int_equal(image_read(&image, &manifest, fds[0], MIB, &refusal), -EINVAL);
        assert_string_equal(refusal.sentence, "Not a regular file");
        close(fds[0]);
        close(fds[1]);
        assert_int_equal(image_read(&image, &manifest, fds[0], MIB, &refusal), -EINVAL);
        assert_string_equal(refusal.sentence, "Cannot read the image: Bad file descriptor");
}

/* Whatever single byte of the headers is changed, the answer is yes or a sentence. */
static void survives_every_changed_byte(void **state) {
        for (size_t i = 0; i < offsetof(File, fill); i++)
                for (unsigned bit = 0; bit < 8; bit++) {
                        Refusal refusal = {};
                        Image image;
                        File file;
                        int r;

                        fill(&file);
                        ((uint8_t *) &file)[i] ^= (uint8_t) (1U << bit);
                        r = read_file(&image, &file, sizeof(file), &refusal);
                        assert_true(r == 0 || r == -EINVAL);
                        assert_int_equal(r == 0, refusal.sentence[0] == '\0');
                        for (size_t j = 0; r == 0 && j < image.n_segments; j++) {
                                assert_in_range(image.segments[j].address, 0x100000, 2 * MIB);
                                assert_in_range(image.segments[j].end,
                                                image.segments[j].address + 0x1000, 2 * MIB);
                        }
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_a_whole_image),
                cmocka_unit_test(reads_an_image_that_fills_its_memory),
                cmocka_unit_test(refuses_what_is_no_elf_of_ours),
                cmocka_unit_test(refuses_headers_out_of_bounds),
                cmocka_unit_test(refuses_files_cut_anywhere),
                cmocka_unit_test(refuses_segments_that_lie_about_the_file),
                cmocka_unit_test(refuses_segments_outside_of_memory),
                cmocka_unit_test(refuses_segments_that_do_not_fit_together),
                cmocka_unit_test(refuses_entries_that_are_no_text),
                cmocka_unit_test(refuses_notes_that_are_wrong),
                cmocka_unit_test(refuses_what_is_no_regular_file),
                cmocka_unit_test(survives_every_changed_byte),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
