/* SPDX-License-Identifier: ISC */

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spt/abi.h"
#include "spt/image.h"
#include "spt/notes.h"

/* The file with its size at the time when it was opened: whatever the image claims to have in it is
 * compared to that. */
typedef struct Source {
        int fd;
        uint64_t size;
} Source;

static int source_open(Source *ret, int fd, Refusal *refusal) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return refusal_set(refusal, "Cannot read the image: %m");
        if (!S_ISREG(st.st_mode))
                return refusal_set(refusal, "Not a regular file");
        *ret = (Source){.fd = fd, .size = (uint64_t) st.st_size};
        return 0;
}

static int source_read(const Source *source,
                       void *bytes,
                       size_t size,
                       uint64_t offset,
                       Refusal *refusal) {
        uint8_t *rest = bytes;

        if (offset > source->size || size > source->size - offset)
                return refusal_set(refusal, "The file is shorter than its headers say");
        while (size > 0) {
                ssize_t n = pread(source->fd, rest, size, (off_t) offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return refusal_set(refusal, "Cannot read the image: %m");
                if (n == 0)
                        return refusal_set(refusal, "The file became shorter meanwhile");
                rest += n;
                size -= (size_t) n;
                offset += (size_t) n;
        }
        return 0;
}

static int check_header(const Elf64_Ehdr *header, Refusal *refusal) {
        if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
                return refusal_set(refusal, "Not an ELF file");
        if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
                return refusal_set(refusal, "Not a 64-bit little-endian ELF file");
        if (header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
                return refusal_set(refusal, "Not an ELF file of version 1");
        if (header->e_type != ET_EXEC)
                return refusal_set(refusal, "Not a statically linked executable");
        if (header->e_machine != EM_X86_64)
                return refusal_set(refusal, "Not an executable for x86-64");
        if (header->e_ehsize != sizeof(Elf64_Ehdr) || header->e_phentsize != sizeof(Elf64_Phdr))
                return refusal_set(refusal, "The ELF headers have odd sizes");
        if (header->e_phnum < 1 || header->e_phnum > IMAGE_HEADERS_MAX)
                return refusal_set(refusal, "The image has %u program headers, not 1 to %u",
                                   header->e_phnum, IMAGE_HEADERS_MAX);
        return 0;
}

static int segment_protection(uint32_t flags) {
        return ((flags & PF_R) ? PROT_READ : 0) | ((flags & PF_W) ? PROT_WRITE : 0) |
               ((flags & PF_X) ? PROT_EXEC : 0);
}

/* A PT_LOAD that is not empty, of an image of @file_size bytes. Only its place among the others is
 * left to be checked. */
static int segment_read(Segment *ret,
                        const Elf64_Phdr *header,
                        uint64_t file_size,
                        uint64_t mem_size,
                        Refusal *refusal) {
        unsigned long long address = header->p_vaddr;
        uint64_t end, file_end;

        if (header->p_filesz > header->p_memsz)
                return refusal_set(refusal,
                                   "The segment at 0x%llx has more in the file than in memory",
                                   address);
        if (header->p_filesz > 0 &&
            (__builtin_add_overflow(header->p_offset, header->p_filesz, &file_end) ||
             file_end > file_size))
                return refusal_set(refusal, "The file is shorter than its segment at 0x%llx",
                                   address);
        if (address % SPT_PAGE_SIZE != 0 || header->p_align < SPT_PAGE_SIZE ||
            (header->p_align & (header->p_align - 1)) != 0)
                return refusal_set(refusal, "The segment at 0x%llx is not aligned to pages",
                                   address);
        if (__builtin_add_overflow(address, header->p_memsz, &end) ||
            __builtin_add_overflow(end, SPT_PAGE_SIZE - 1, &end))
                return refusal_set(refusal, "The segment at 0x%llx wraps around the address space",
                                   address);
        end &= ~(SPT_PAGE_SIZE - 1);
        if (address < SPT_IMAGE_START || end > mem_size)
                return refusal_set(
                        refusal,
                        "The segment at 0x%llx to 0x%llx is outside of 0x%llx to 0x%llx (%llu MiB)",
                        address, (unsigned long long) end, SPT_IMAGE_START,
                        (unsigned long long) mem_size, (unsigned long long) mem_size >> 20);
        if ((header->p_flags & PF_W) && (header->p_flags & PF_X))
                return refusal_set(refusal, "The segment at 0x%llx is both writable and executable",
                                   address);

        *ret = (Segment){
                .address = address,
                .end = end,
                .offset = header->p_offset,
                .file_size = header->p_filesz,
                .memory_size = header->p_memsz,
                .protection = segment_protection(header->p_flags),
        };
        return 0;
}

static int add_segment(Image *image,
                       const Elf64_Phdr *header,
                       const Source *source,
                       uint64_t mem_size,
                       Refusal *refusal) {
        Segment segment;
        int r;

        /* Solo5's linker scripts leave empty ones behind, at address 0. */
        if (header->p_memsz == 0 && header->p_filesz == 0)
                return 0;
        if (image->n_segments == IMAGE_SEGMENTS_MAX)
                return refusal_set(refusal, "The image has more than %u segments",
                                   IMAGE_SEGMENTS_MAX);
        r = segment_read(&segment, header, source->size, mem_size, refusal);
        if (r < 0)
                return r;
        if (segment.address < image->end)
                return refusal_set(refusal,
                                   "The segment at 0x%llx overlaps or precedes the one before it",
                                   (unsigned long long) segment.address);

        image->segments[image->n_segments++] = segment;
        image->end = segment.end;
        return 0;
}

static int add_notes(Notes *notes,
                     const Elf64_Phdr *header,
                     const Source *source,
                     Refusal *refusal) {
        uint8_t bytes[NOTES_SIZE_MAX];
        int r;

        if (header->p_filesz > sizeof(bytes))
                return refusal_set(refusal, "The image's notes are too large");
        r = source_read(source, bytes, header->p_filesz, header->p_offset, refusal);
        if (r < 0)
                return r;
        return notes_add(notes, bytes, header->p_filesz, refusal);
}

static int check_entry(const Image *image, Refusal *refusal) {
        for (size_t i = 0; i < image->n_segments; i++) {
                const Segment *segment = &image->segments[i];

                if ((segment->protection & PROT_EXEC) && image->entry >= segment->address &&
                    image->entry - segment->address < segment->file_size)
                        return 0;
        }
        return refusal_set(refusal, "The entry 0x%llx is not in executable text of the image",
                           (unsigned long long) image->entry);
}

int image_read(Image *ret, Manifest *ret_manifest, int fd, uint64_t mem_size, Refusal *refusal) {
        Elf64_Phdr headers[IMAGE_HEADERS_MAX];
        Elf64_Ehdr header;
        Image image;
        Notes notes;
        Source source = {.fd = -1};
        int r;

        r = source_open(&source, fd, refusal);
        if (r < 0)
                return r;
        if (source.size < sizeof(header))
                return refusal_set(refusal, "Not an ELF file");
        r = source_read(&source, &header, sizeof(header), 0, refusal);
        if (r < 0)
                return r;
        r = check_header(&header, refusal);
        if (r < 0)
                return r;
        r = source_read(&source, headers, header.e_phnum * sizeof(headers[0]), header.e_phoff,
                        refusal);
        if (r < 0)
                return r;

        notes_init(&notes);
        image.n_segments = 0;
        image.end = 0;
        image.entry = header.e_entry;

        /* Notes come first: what is no Solo5 image at all is told so, rather than that its segments
         * are odd. */
        for (size_t i = 0; i < header.e_phnum; i++)
                if (headers[i].p_type == PT_NOTE) {
                        r = add_notes(&notes, &headers[i], &source, refusal);
                        if (r < 0)
                                return r;
                }
        r = notes_check_complete(&notes, refusal);
        if (r < 0)
                return r;

        for (size_t i = 0; i < header.e_phnum; i++)
                if (headers[i].p_type == PT_LOAD) {
                        r = add_segment(&image, &headers[i], &source, mem_size, refusal);
                        if (r < 0)
                                return r;
                }
        r = check_entry(&image, refusal);
        if (r < 0)
                return r;

        *ret = image;
        memcpy(ret_manifest, &notes.manifest, manifest_size(&notes.manifest));
        return 0;
}
