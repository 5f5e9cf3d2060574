/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What remains of large files whose names go. The kernel gives back the place of a file when its
 * last reference goes: half a second for a gigabyte of small pieces, in the rename or unlink that
 * somebody waits for, and with him whoever asked after him. So they are held until all of these
 * have been answered, and given up by a process of their own.
 */

#include <stddef.h>

#define REMAINS_MAX 128

typedef struct Remains {
        int fds[REMAINS_MAX];
        size_t n;
} Remains;

/* Holds @name in the folder @folder_fd, if it is a file large enough to matter: before it goes.
 * That it can't be held costs time, and nothing else. */
void remains_hold(Remains *remains, int folder_fd, const char *name);

/* Lets go of all that is held, in a process of its own, which is not waited for (SIGCHLD is to be
 * ignored) and closes @socket_fd. */
void remains_release(Remains *remains, int socket_fd);
