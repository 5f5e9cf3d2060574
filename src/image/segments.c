/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "image/report.h"
#include "image/segments.h"

/* The page of the architecture: protection has no smaller unit. */
#define PAGE_SIZE 4096U

/* Both spt and hvt load nothing below: it is theirs, and the host's (spt_abi.h, hvt_abi.h). */
#define ADDRESS_MIN 0x100000U

/* Where the pages that the segment needs begin and end. */
typedef struct Extent {
        uint64_t start, end;
} Extent;

static int segment_extent(ReportHeader *header, const Elf64_Phdr *segment, size_t i, Extent *ret) {
        uint64_t align = segment->p_align;
        uint64_t end;

        if (align == 0 || (align & (align - 1)) != 0)
                return report_refuse(header, -EBADMSG,
                                     "Segment %zu has an alignment that is no power of 2", i);
        if (align < PAGE_SIZE)
                align = PAGE_SIZE;
        if (__builtin_add_overflow(segment->p_vaddr, segment->p_memsz, &end) ||
            __builtin_add_overflow(end, align - 1, &end))
                return report_refuse(header, -EBADMSG,
                                     "Segment %zu reaches beyond the end of memory", i);

        if (segment->p_vaddr < ADDRESS_MIN)
                return report_refuse(header, -EBADMSG, "Segment %zu begins below 0x%x", i,
                                     ADDRESS_MIN);

        ret->start = segment->p_vaddr & -align;
        ret->end = end & -align;
        return 0;
}

static int check_one(ReportHeader *header, const Elf64_Phdr *segment, size_t i, size_t file_size) {
        uint64_t file_end;

        if (segment->p_filesz > segment->p_memsz)
                return report_refuse(header, -EBADMSG,
                                     "Segment %zu is larger in the file than in memory", i);
        if (__builtin_add_overflow(segment->p_offset, segment->p_filesz, &file_end) ||
            file_end > file_size)
                return report_refuse(header, -EBADMSG,
                                     "Segment %zu reaches beyond the end of the file", i);
        if ((segment->p_flags & PF_W) && (segment->p_flags & PF_X))
                return report_refuse(header, -EBADMSG,
                                     "Segment %zu is both writable and executable", i);
        return 0;
}

static bool is_entered(const Elf64_Phdr *segment, uint64_t entry) {
        return (segment->p_flags & PF_X) && entry >= segment->p_vaddr &&
               entry - segment->p_vaddr < segment->p_filesz;
}

int segments_check(ReportHeader *header,
                   const Elf64_Ehdr *elf,
                   const Elf64_Phdr *segments,
                   size_t n_segments,
                   size_t file_size) {
        Extent extent = {}, last = {};
        bool is_loaded = false, has_entry = false;
        int r;

        for (size_t i = 0; i < n_segments; i++) {
                const Elf64_Phdr *segment = &segments[i];

                /* Solo5's own linker scripts leave an empty one behind, with the address 0. */
                if (segment->p_type != PT_LOAD || segment->p_memsz == 0)
                        continue;

                r = check_one(header, segment, i, file_size);
                if (r < 0)
                        return r;
                r = segment_extent(header, segment, i, &extent);
                if (r < 0)
                        return r;
                if (is_loaded && extent.start < last.end)
                        return report_refuse(header, -EBADMSG,
                                             "Segment %zu overlaps another one or is out of order",
                                             i);

                is_loaded = true;
                has_entry = has_entry || is_entered(segment, elf->e_entry);
                last = extent;
        }

        if (!is_loaded)
                return report_refuse(header, -EBADMSG, "The image has nothing to load");
        if (!has_entry)
                return report_refuse(header, -EBADMSG,
                                     "The image does not begin in an executable segment");
        return 0;
}
