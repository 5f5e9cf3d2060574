/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The Solo5 spt interface, version 2: what a guest finds when it begins, and where. Every number
 * here is fixed by that interface; none is ours to choose.
 */

#include <stdint.h>

#define SPT_ABI_TARGET  2U
#define SPT_ABI_VERSION 2U

#define SPT_PAGE_SIZE 0x1000ULL

/* Guest memory is [SPT_MEMORY_START, mem_size): a host maps nothing below, so null pointers of the
 * guest fault. */
#define SPT_MEMORY_START    0x10000ULL
#define SPT_BOOT_INFO_START 0x11000ULL
#define SPT_IMAGE_START     0x100000ULL

/* The guest's command line with its terminator. */
#define SPT_COMMAND_LINE_SIZE 8192U

/* What the timer carries as its data in the epoll set; a network device carries its index in the
 * manifest. */
#define SPT_TIMER_DATA 0xFFFFFFFEULL

/* Found at SPT_BOOT_INFO_START; then comes the manifest, then the command line. */
typedef struct BootInfo {
        uint64_t mem_size;
        uint64_t kernel_end;
        uint64_t command_line;
        uint64_t manifest;
        int32_t epoll_fd;
        int32_t timer_fd;
} BootInfo;

_Static_assert(sizeof(BootInfo) == 40, "the guest reads these offsets");
