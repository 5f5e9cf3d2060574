/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "spt/abi.h"
#include "spt/memory.h"

/* Guests smaller than this get small pages only. */
#define HUGE_PAGES_FROM (256ULL << 20)

/* Guest addresses are ours, so a number from the guest's world is a pointer here. */
static void *guest_pointer(uint64_t address) {
        return (void *) (uintptr_t) address;
}

int memory_map(uint64_t mem_size, Refusal *refusal) {
        uint64_t size = mem_size - SPT_MEMORY_START;
        void *start;

        /* Not MAP_FIXED: that would silently replace whatever of ours the guest reaches up to. And
         * no swap is set aside, since a guest may never touch most of what it is promised. */
        start = mmap(guest_pointer(SPT_MEMORY_START), size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
        if (start == MAP_FAILED)
                return refusal_set(refusal, "Cannot map %llu MiB of guest memory: %s",
                                   (unsigned long long) mem_size >> 20,
                                   errno == EEXIST ? "that reaches up to the tender"
                                                   : strerror(errno));

        /* Else the first touch of its stack takes 2 MiB, which a small guest never uses. A kernel
         * without huge pages refuses, rightly. */
        if (mem_size < HUGE_PAGES_FROM)
                (void) madvise(start, size, MADV_NOHUGEPAGE);
        return 0;
}

/* How much of the segment, from its start on, may be pages of the file. The rest of a last page
 * must read as zeros where the segment goes on behind its file contents or can be written; in text
 * and constants it is beyond the end and nobody's. */
static uint64_t mappable_size(const Segment *segment) {
        if (segment->offset % SPT_PAGE_SIZE != 0)
                return 0;
        if (segment->memory_size == segment->file_size && !(segment->protection & PROT_WRITE))
                return segment->file_size;
        return segment->file_size & ~(SPT_PAGE_SIZE - 1);
}

static int load_segment(const Segment *segment, int fd) {
        uint64_t mapped = mappable_size(segment), rest = segment->address;
        ssize_t n;

        /* Over our own region. The mapping is private, so also writable data is shared for as long
         * as the guest does not change it. A file system that is mounted noexec forbids executable
         * mappings, a security module may too, and some file systems map nothing: copied then. */
        if (mapped > 0 && mmap(guest_pointer(rest), mapped, segment->protection,
                               MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, fd,
                               (off_t) segment->offset) == MAP_FAILED) {
                if (errno != EPERM && errno != EACCES && errno != ENODEV)
                        return -errno;
                mapped = 0;
        }

        n = file_read_piece(fd, guest_pointer(segment->address + mapped),
                            segment->file_size - mapped, segment->offset + mapped);
        if (n < 0)
                return (int) n;
        if ((uint64_t) n < segment->file_size - mapped)
                return -ENODATA;

        rest += (mapped + SPT_PAGE_SIZE - 1) & ~(SPT_PAGE_SIZE - 1);
        if (rest < segment->end && segment->protection != (PROT_READ | PROT_WRITE) &&
            mprotect(guest_pointer(rest), segment->end - rest, segment->protection) < 0)
                return -errno;
        return 0;
}

int memory_load(const Image *image, int fd, Refusal *refusal) {
        for (size_t i = 0; i < image->n_segments; i++) {
                int r = load_segment(&image->segments[i], fd);

                if (r < 0)
                        return refusal_set(refusal, "Cannot load the segment at 0x%llx: %s",
                                           (unsigned long long) image->segments[i].address,
                                           strerror(-r));
        }
        return 0;
}

void memory_write_boot_info(const BootInfo *info,
                            const Manifest *manifest,
                            const Arguments *arguments) {
        BootInfo *boot = guest_pointer(SPT_BOOT_INFO_START);

        *boot = *info;
        boot->manifest = SPT_BOOT_INFO_START + sizeof(*boot);
        boot->command_line = boot->manifest + manifest_size(manifest);
        memcpy(guest_pointer(boot->manifest), manifest, manifest_size(manifest));
        memcpy(guest_pointer(boot->command_line), arguments->text, arguments->length + 1);
}
