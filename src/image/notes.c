/* SPDX-License-Identifier: ISC */

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "image/manifest.h"
#include "image/notes.h"
#include "image/report.h"
#include "image/segments.h"

#define NOTE_OWNER    "Solo5"
#define NOTE_ABI      0x31494241U /* "ABI1" */
#define NOTE_MANIFEST 0x3154464dU /* "MFT1" */

/* The largest manifest is 6,668 bytes. Of a larger segment libelf sees only the beginning. */
#define NOTE_SIZE_MAX 8192U

typedef struct AbiNote {
        uint32_t target;
        uint32_t version;
        uint32_t reserved[2];
} AbiNote;

_Static_assert(sizeof(AbiNote) == 16, "AbiNote is a wire format");

/* What both notes describe, inside the image; NULL until found. */
typedef struct Notes {
        const void *abi, *manifest;
        size_t abi_size, manifest_size;
} Notes;

static void elf_endp(Elf **elf) {
        if (*elf)
                elf_end(*elf);
}

static const char *machine_name(unsigned machine) {
        switch (machine) {
        case EM_386:
                return "32-bit x86";
        case EM_ARM:
                return "32-bit ARM";
        case EM_AARCH64:
                return "AArch64";
        case EM_PPC64:
                return "64-bit PowerPC";
        case EM_RISCV:
                return "RISC-V";
        case EM_S390:
                return "S/390";
        default:
                return NULL;
        }
}

static int check_identification(ReportHeader *header, const unsigned char *ident, size_t size) {
        if (size == 0)
                return report_refuse(header, -EBADMSG, "The image is empty");
        if (size < sizeof(Elf64_Ehdr) || memcmp(ident, ELFMAG, SELFMAG) != 0)
                return report_refuse(header, -EBADMSG, "The image is not an ELF file");
        if (ident[EI_CLASS] != ELFCLASS64)
                return report_refuse(header, -EBADMSG, "The image is not a 64-bit ELF file");
        if (ident[EI_DATA] != ELFDATA2LSB)
                return report_refuse(header, -EBADMSG, "The image is not a little-endian ELF file");
        return 0;
}

static int check_header(ReportHeader *header, const Elf64_Ehdr *elf) {
        const char *machine = machine_name(elf->e_machine);

        if (elf->e_machine != EM_X86_64 && machine)
                return report_refuse(header, -EBADMSG, "The image is made for %s, not for x86-64",
                                     machine);
        if (elf->e_machine != EM_X86_64)
                return report_refuse(header, -EBADMSG,
                                     "The image is made for machine %u, not for x86-64",
                                     elf->e_machine);
        if (elf->e_type == ET_DYN)
                return report_refuse(header, -EBADMSG,
                                     "The image is a position-independent program or a library, "
                                     "not a unikernel");
        if (elf->e_type != ET_EXEC)
                return report_refuse(header, -EBADMSG, "The image is not an executable ELF file");
        return 0;
}

/* A tender finds only the first note of a segment, and of two of a kind only the first: an image
 * that carries more means to show different ones to different readers. */
static int take_note(ReportHeader *header,
                     Notes *notes,
                     const GElf_Nhdr *note,
                     const void *content) {
        if (note->n_type == NOTE_ABI) {
                if (notes->abi)
                        return report_refuse(header, -EBADMSG, "The image carries two ABI notes");
                notes->abi = content;
                notes->abi_size = note->n_descsz;
        } else if (note->n_type == NOTE_MANIFEST) {
                if (notes->manifest)
                        return report_refuse(header, -EBADMSG, "The image carries two manifests");
                notes->manifest = content;
                notes->manifest_size = note->n_descsz;
        }
        return 0;
}

static int read_segment(ReportHeader *header, Notes *notes, Elf *elf, const Elf64_Phdr *segment) {
        size_t name_offset, content_offset;
        Elf_Data *data;
        GElf_Nhdr note;

        if (segment->p_filesz == 0)
                return 0;
        /* Solo5 aligns its notes to 4 bytes, whatever .p_align says. */
        data = elf_getdata_rawchunk(elf, (int64_t) segment->p_offset,
                                    MIN_OF(segment->p_filesz, NOTE_SIZE_MAX), ELF_T_NHDR);
        if (!data)
                return report_refuse(header, -EBADMSG, "A note reaches beyond the end of the file");
        if (gelf_getnote(data, 0, &note, &name_offset, &content_offset) == 0)
                return report_refuse(header, -EBADMSG, "A note is broken or too large");

        if (note.n_namesz != sizeof(NOTE_OWNER) ||
            memcmp((const char *) data->d_buf + name_offset, NOTE_OWNER, sizeof(NOTE_OWNER)) != 0)
                return 0;
        return take_note(header, notes, &note, (const char *) data->d_buf + content_offset);
}

static int read_notes(NotesReport *report, const Notes *notes) {
        AbiNote abi;

        if (!notes->abi)
                return report_refuse(&report->header, -EBADMSG,
                                     "The image carries no ABI note of Solo5: it is no unikernel");
        if (notes->abi_size != sizeof(abi))
                return report_refuse(&report->header, -EBADMSG,
                                     "The ABI note has %zu bytes, not %zu", notes->abi_size,
                                     sizeof(abi));
        memcpy(&abi, notes->abi, sizeof(abi));
        report->target = abi.target;
        report->abi_version = abi.version;

        if (!notes->manifest)
                return report_refuse(&report->header, -EBADMSG,
                                     "The image carries no manifest of Solo5");
        return manifest_read(report, notes->manifest, notes->manifest_size);
}

static int read_elf(NotesReport *report, Elf *elf, size_t size) {
        ReportHeader *header = &report->header;
        const Elf64_Phdr *segments;
        const Elf64_Ehdr *ehdr;
        size_t n_segments;
        Notes notes = {};
        int r;

        ehdr = elf64_getehdr(elf);
        if (!ehdr)
                return report_refuse(header, -EBADMSG, "The ELF header is broken");
        r = check_header(header, ehdr);
        if (r < 0)
                return r;

        /* libelf takes any size for the right one, and any place: the structures are read where
         * they are. */
        if (ehdr->e_phentsize != sizeof(*segments) || ehdr->e_phoff % _Alignof(Elf64_Phdr) != 0 ||
            elf_getphdrnum(elf, &n_segments) < 0)
                return report_refuse(header, -EBADMSG, "The program headers are broken");
        segments = n_segments > 0 ? elf64_getphdr(elf) : NULL;
        if (n_segments > 0 && !segments)
                return report_refuse(header, -EBADMSG, "The program headers are broken");
        r = segments_check(header, ehdr, segments, n_segments, size);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n_segments; i++)
                if (segments[i].p_type == PT_NOTE) {
                        r = read_segment(header, &notes, elf, &segments[i]);
                        if (r < 0)
                                return r;
                }
        return read_notes(report, &notes);
}

/* Nobody loads sections, so nobody needs them here; but libelf keeps some hundred bytes for each
 * one that the header claims: gigabytes, if it wants to. They are never seen. */
static void hide_sections(void *image) {
        Elf64_Ehdr header;

        memcpy(&header, image, sizeof(header));
        header.e_shoff = 0;
        header.e_shnum = 0;
        header.e_shstrndx = SHN_UNDEF;
        memcpy(image, &header, sizeof(header));
}

int notes_read(NotesReport *report, void *image, size_t size) {
        _cleanup_(elf_endp) Elf *elf = NULL;
        int r;

        r = check_identification(&report->header, image, size);
        if (r < 0)
                return r;
        hide_sections(image);

        if (elf_version(EV_CURRENT) == EV_NONE)
                return -ENOTSUP;
        elf = elf_memory(image, size);
        if (!elf || elf_kind(elf) != ELF_K_ELF)
                return report_refuse(&report->header, -EBADMSG, "The ELF header is broken");
        return read_elf(report, elf, size);
}
