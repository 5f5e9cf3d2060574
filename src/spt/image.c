/* SPDX-License-Identifier: ISC */

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"
#include "spt/abi.h"
#include "spt/image.h"
#include "spt/notes.h"

/* What segments must not go beyond. */
typedef struct Bounds {
        uint64_t file_size, mem_size;
} Bounds;

static int read_piece(int fd, void *bytes, size_t size, uint64_t offset, Refusal *refusal) {
        ssize_t n = file_read_piece(fd, bytes, size, offset);

        if (n < 0)
                return refusal_set(refusal, "Cannot read the image: %s", strerror((int) -n));
        if ((size_t) n < size)
                return refusal_set(refusal, "The file is shorter than its headers say");
        return 0;
}

static int check_header(const Elf64_Ehdr *header, Refusal *refusal) {
        static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};

        if (memcmp(header->e_ident, ident, SELFMAG) != 0)
                return refusal_set(refusal, "Not an ELF file");
        if (memcmp(header->e_ident, ident, sizeof(ident)) != 0 || header->e_version != EV_CURRENT)
                return refusal_set(refusal, "Not a 64-bit little-endian ELF file of version 1");
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

/* What is wrong with a segment that would follow those up to @used, or NULL. */
static const char *find_fault(const Segment *segment, uint64_t used, const Bounds *bounds) {
        uint64_t file_end;

        if (segment->file_size > segment->memory_size)
                return "has more in the file than in memory";
        if (segment->file_size > 0 &&
            (__builtin_add_overflow(segment->offset, segment->file_size, &file_end) ||
             file_end > bounds->file_size))
                return "ends behind the file";
        if (segment->address % SPT_PAGE_SIZE != 0)
                return "is not aligned to pages";
        if (segment->end <= segment->address)
                return "wraps around the address space";
        if (segment->address < SPT_IMAGE_START || segment->end > bounds->mem_size)
                return "is outside of the guest's memory";
        if (segment->address < used)
                return "overlaps or precedes the one before it";
        if ((segment->protection & PROT_WRITE) && (segment->protection & PROT_EXEC))
                return "is both writable and executable";
        return NULL;
}

static int add_segment(Image *image,
                       const Elf64_Phdr *header,
                       const Bounds *bounds,
                       Refusal *refusal) {
        uint32_t flags = header->p_flags;
        Segment segment = {
                .address = header->p_vaddr,
                .offset = header->p_offset,
                .file_size = header->p_filesz,
                .memory_size = header->p_memsz,
                .protection = ((flags & PF_R) ? PROT_READ : 0) | ((flags & PF_W) ? PROT_WRITE : 0) |
                              ((flags & PF_X) ? PROT_EXEC : 0),
        };
        const char *fault;

        /* Solo5's linker scripts leave empty ones behind, at address 0. */
        if (segment.memory_size == 0 && segment.file_size == 0)
                return 0;
        /* Where this wraps, the result is at or before an address that is a page's. */
        segment.end =
                (segment.address + segment.memory_size + SPT_PAGE_SIZE - 1) & ~(SPT_PAGE_SIZE - 1);

        fault = find_fault(&segment, image->end, bounds);
        if (fault)
                return refusal_set(refusal, "The segment at 0x%llx %s",
                                   (unsigned long long) segment.address, fault);
        image->segments[image->n_segments++] = segment;
        image->end = segment.end;
        return 0;
}

static int add_notes(Notes *notes, const Elf64_Phdr *header, int fd, Refusal *refusal) {
        uint8_t bytes[NOTES_SIZE_MAX];
        int r;

        if (header->p_filesz > sizeof(bytes))
                return refusal_set(refusal, "The image's notes are too large");
        r = read_piece(fd, bytes, header->p_filesz, header->p_offset, refusal);
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
        Bounds bounds = {.mem_size = mem_size};
        Elf64_Ehdr header;
        struct stat st;
        Image image;
        Notes notes;
        int r;

        if (fstat(fd, &st) < 0)
                return refusal_set(refusal, "Cannot read the image: %m");
        if (!S_ISREG(st.st_mode))
                return refusal_set(refusal, "Not a regular file");
        bounds.file_size = (uint64_t) st.st_size;

        if (bounds.file_size < sizeof(header))
                return refusal_set(refusal, "Not an ELF file");
        r = read_piece(fd, &header, sizeof(header), 0, refusal);
        if (r < 0)
                return r;
        r = check_header(&header, refusal);
        if (r < 0)
                return r;
        r = read_piece(fd, headers, header.e_phnum * sizeof(headers[0]), header.e_phoff, refusal);
        if (r < 0)
                return r;

        /* Both are large, and a page that is not touched costs nothing: so no initialisers. */
        notes_init(&notes);
        image.n_segments = 0;
        image.end = 0;
        image.entry = header.e_entry;

        /* Notes come first: what is no Solo5 image at all is told so, rather than that its segments
         * are odd. */
        for (size_t i = 0; i < header.e_phnum; i++)
                if (headers[i].p_type == PT_NOTE) {
                        r = add_notes(&notes, &headers[i], fd, refusal);
                        if (r < 0)
                                return r;
                }
        r = notes_check_complete(&notes, refusal);
        if (r < 0)
                return r;

        for (size_t i = 0; i < header.e_phnum; i++)
                if (headers[i].p_type == PT_LOAD) {
                        r = add_segment(&image, &headers[i], &bounds, refusal);
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
