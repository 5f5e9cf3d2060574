/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What our test guests share: unikernels so small that they need no library at all. The interface
 * to the tender is Solo5's spt, version 2; it is spelled out here once more rather than taken from
 * the tender, so that a mistake in one is not hidden by the same mistake in the other.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

/* What the tender tells at the entry. */
typedef struct BootInfo {
        uint64_t mem_size;
        uint64_t kernel_end;
        const char *command_line;
        const void *manifest;
        int32_t epoll_fd;
        int32_t timer_fd;
} BootInfo;

/* What each guest defines: it gets its arguments as one line and returns its exit status. */
int guest_main(const char *arguments);

/* The clock when the guest was entered, and now: CLOCK_MONOTONIC, in nanoseconds. */
extern uint64_t guest_entry_nsec;
uint64_t guest_clock(void);

extern const BootInfo *guest_boot_info;

noreturn void guest_exit(int status);

/* Sleeps, without costing anything, until the clock shows @deadline_nsec. */
void guest_sleep_until(uint64_t deadline_nsec);

/* Writes to the console; a console that is gone is no error. */
void guest_print(const char *text);
void guest_print_number(uint64_t number);
void guest_print_bytes(const char *bytes, size_t size);

/* The next word of *@arguments, or NULL; it is not terminated but *@ret_length long. */
const char *guest_next_word(const char **arguments, size_t *ret_length);

/* Whether the word is @option followed by a decimal number. One that is not a number ends the guest
 * with status 64, as MirageOS does. */
bool guest_number_option(const char *word, size_t length, const char *option, uint64_t *ret);

bool guest_word_is(const char *word, size_t length, const char *text);

/* Any system call, also those that a guest must not make. */
long guest_call(long number, long a, long b, long c, long d);
