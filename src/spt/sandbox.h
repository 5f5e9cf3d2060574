/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What a guest may ask of the kernel: the calls of the spt interface on the descriptors that it
 * was given. Everything else kills it.
 */

#include <linux/bpf_common.h>
#include <linux/filter.h>

#include "spt/manifest.h"
#include "spt/refusal.h"

/* The most that a kernel takes. */
#define SANDBOX_FILTER_MAX BPF_MAXINSNS

typedef struct Sandbox {
        int epoll_fd, timer_fd;
        /* Those of the guest, in ascending order: its output, the two above, its devices. */
        int fds[3 + MANIFEST_ENTRIES_MAX];
        size_t n_fds;
        unsigned short n_instructions;
        struct sock_filter instructions[SANDBOX_FILTER_MAX];
} Sandbox;

/* Opens the epoll set with the timer and the networks of @manifest, which is attached, and makes
 * the filter. */
int sandbox_prepare(Sandbox *sandbox, const Manifest *manifest, Refusal *refusal);

/* Closes every descriptor but the guest's own and gives up new privileges, without which the kernel
 * takes no filter from us. */
int sandbox_close(const Sandbox *sandbox, Refusal *refusal);
