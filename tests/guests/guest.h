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

/* A device as the tender attached it. */
typedef struct Device {
        char name[68];
        uint32_t type;
        union {
                struct {
                        uint64_t capacity;
                        uint16_t sector_size;
                } block;
                struct {
                        uint8_t mac[6];
                        uint16_t mtu;
                } net;
        };
        int32_t fd, unused;
        bool attached;
} Device;

typedef struct Manifest {
        uint32_t version, n_entries;
        Device entries[]; /* the first one is none */
} Manifest;

/* What the tender tells at the entry. */
typedef struct BootInfo {
        uint64_t mem_size;
        uint64_t kernel_end;
        const char *command_line;
        const Manifest *manifest;
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

/* Of a guest that has one: see meson.build. */
const Device *guest_device(void);

/* Sleeps, without costing anything, until the clock shows @deadline_nsec. */
void guest_sleep_until(uint64_t deadline_nsec);

/* Sleeps until the clock shows @deadline_nsec, where it is not 0, or the network has something. A
 * guest that has a network must read all of it, or it never sleeps. */
void guest_wait(uint64_t deadline_nsec);

/* Writes to the console; a console that is gone is no error. */
void guest_print(const char *text);
void guest_print_number(uint64_t number);
void guest_print_hex(uint64_t number, unsigned n_digits);
void guest_print_bytes(const char *bytes, size_t size);

/* The next word of *@arguments, or NULL; it is not terminated but *@ret_length long. */
const char *guest_next_word(const char **arguments, size_t *ret_length);

/* Ends the guest with status 64, as MirageOS does. */
noreturn void guest_fail_usage(const char *sentence);

/* What follows @option in a word that begins with it, of *@ret_length bytes, or NULL. */
const char *guest_option(const char *word, size_t length, const char *option, size_t *ret_length);

/* Whether the word is @option followed by a decimal number. One that is not a number ends the
 * guest. */
bool guest_number_option(const char *word, size_t length, const char *option, uint64_t *ret);

bool guest_word_is(const char *word, size_t length, const char *text);

/* Any system call, also those that a guest must not make. */
long guest_call(long number, long a, long b, long c, long d);
