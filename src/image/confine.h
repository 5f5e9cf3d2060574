/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A confined program can do what its rules list and nothing else; a forbidden system call kills
 * it. Always allowed are those that only touch its own memory, and to exit. This comes before the
 * first byte of input is looked at.
 */

#include <seccomp.h>
#include <stddef.h>

/* Allows one system call, on one descriptor, its first argument (-1: any); splice() only from that
 * one to the standard output. */
typedef struct ConfineRule {
        int syscall;
        int fd;
} ConfineRule;

/* Cannot be taken back. Also makes the program undumpable and unable to gain privileges. */
int confine(const ConfineRule *rules, size_t n_rules);
