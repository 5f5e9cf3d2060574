/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Ownership, spelled out: a variable that owns something says how it is given back when its scope
 * ends, and ownership moves only by TAKE_PTR() and TAKE_FD().
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((__cleanup__(function)))

/* Makes x_freep() from x_free(), which must take NULL. */
#define DEFINE_CLEANUP(type, function)                                                             \
        static inline void function##p(type *pointer) {                                            \
                if (*pointer)                                                                      \
                        function(*pointer);                                                        \
        }                                                                                          \
        struct DEFINE_CLEANUP_needs_a_semicolon

/* The value, leaving the variable empty. */
#define TAKE_PTR(pointer)                                                                          \
        __extension__({                                                                            \
                __auto_type taken_pointer = (pointer);                                             \
                (pointer) = NULL;                                                                  \
                taken_pointer;                                                                     \
        })
#define TAKE_FD(fd)                                                                                \
        __extension__({                                                                            \
                int taken_fd = (fd);                                                               \
                (fd) = -1;                                                                         \
                taken_fd;                                                                          \
        })

#define MIN_OF(a, b)      ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b)      ((a) > (b) ? (a) : (b))
#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* Closes @fd when it is one, keeping errno; always returns -1, to be assigned. */
static inline int fd_close(int fd) {
        int saved_errno = errno;

        if (fd >= 0)
                close(fd);
        errno = saved_errno;
        return -1;
}

static inline void fd_closep(int *fd) {
        fd_close(*fd);
}

static inline void freep(void *pointer) {
        free(*(void **) pointer);
}

static inline void file_closep(FILE **file) {
        if (*file)
                fclose(*file);
}
