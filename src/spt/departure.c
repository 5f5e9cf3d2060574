/* SPDX-License-Identifier: ISC */

#include <asm/prctl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "spt/abi.h"
#include "spt/departure.h"
#include "spt/manifest.h"

/* What the last calls read has to outlive us: it lies in the guest's memory, above the longest boot
 * information and below every image, where the interface promises nothing. */
#define SCRATCH_START 0x20000ULL

/* More than the tender ever uses of it. */
#define STACK_SIZE (1ULL << 20)

typedef struct LastCall {
        uint64_t number, arguments[3];
} LastCall;

typedef struct Scratch {
        LastCall calls[8];
        struct sock_fprog program;
        struct sock_filter instructions[SANDBOX_FILTER_MAX];
} Scratch;

_Static_assert(sizeof(LastCall) == 32, "departure.S reads these offsets");
_Static_assert(SPT_BOOT_INFO_START + sizeof(BootInfo) + sizeof(Manifest) + SPT_COMMAND_LINE_SIZE <=
                       SCRATCH_START,
               "boot information would be overwritten");
_Static_assert(SCRATCH_START + sizeof(Scratch) <= SPT_IMAGE_START, "images would be overwritten");

/* In departure.S, a page of its own. */
extern const char departure_page[], departure_page_end[];
noreturn void departure_run(const LastCall *calls,
                            uint64_t n_calls,
                            uint64_t entry,
                            uint64_t boot_info,
                            uint64_t stack);

/* From the linker: where this program begins and ends. */
extern const char __executable_start[], _end[];

static uint64_t page_of(const void *pointer) {
        return (uint64_t) (uintptr_t) pointer & ~(SPT_PAGE_SIZE - 1);
}

static uint64_t page_after(const void *pointer) {
        return page_of((const char *) pointer + SPT_PAGE_SIZE - 1);
}

/* The C library has told the kernel to note in our thread's memory on which CPU it runs. A kernel
 * that finds this memory gone kills the process, so it must be told to stop that first. */
static int forget_thread(void) {
        char *area = (char *) __builtin_thread_pointer() + __rseq_offset;
        unsigned size = MAX_OF((__rseq_size + 31) & ~31U, 32U);

        if (__rseq_size == 0)
                return 0;
        return (int) syscall(SYS_rseq, area, size, RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
}

static LastCall unmap(uint64_t start, uint64_t end) {
        return (LastCall){SYS_munmap, {start, end > start ? end - start : 0}};
}

/* Only what is ours, piece by piece: a wider range would hold mappings of the kernel's (the vdso),
 * and some kernels refuse to unmap any of a range with one of those. Should a piece be refused
 * anyway, it stays, and costs nothing but its memory. */
static uint64_t list_unmaps(LastCall *calls, const Departure *departure) {
        uint64_t here = page_of(departure_page), behind = page_of(departure_page_end);
        uint64_t heap_end = page_after(sbrk(0)), kept = page_of(departure->kept_start);
        uint64_t n = 0;

        calls[n++] = unmap(page_of(__executable_start), here);
        calls[n++] = unmap(behind, page_after(_end));
        calls[n++] = unmap(heap_end < here ? departure->mem_size : behind, heap_end);
        calls[n++] = unmap(kept - STACK_SIZE, kept);
        return n;
}

noreturn void departure(const Departure *departure) {
        Scratch *scratch = (Scratch *) (uintptr_t) SCRATCH_START;
        const Sandbox *sandbox = departure->sandbox;
        uint64_t n = 0;

        scratch->program.len = sandbox->n_instructions;
        scratch->program.filter = scratch->instructions;
        memcpy(scratch->instructions, sandbox->instructions,
               sandbox->n_instructions * sizeof(sandbox->instructions[0]));

        if (forget_thread() >= 0)
                n = list_unmaps(scratch->calls, departure);
        scratch->calls[n++] = (LastCall){SYS_arch_prctl, {ARCH_SET_FS, 0}};
        scratch->calls[n++] = (LastCall){
                SYS_seccomp,
                {SECCOMP_SET_MODE_FILTER, 0, (uint64_t) (uintptr_t) &scratch->program},
        };
        departure_run(scratch->calls, n, departure->entry, SPT_BOOT_INFO_START,
                      departure->mem_size - 8);
}
