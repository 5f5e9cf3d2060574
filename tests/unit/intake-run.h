/* SPDX-License-Identifier: ISC */
#pragma once

/* Runs a program of the intake as the launcher does: three descriptors, no environment. */

#include <stddef.h>
#include <sys/types.h>

typedef struct IntakeRun {
        pid_t pid;
        int report_fd;
} IntakeRun;

/* Starts build/src/image/@argv[0] on @in and @out, which stay the caller's. */
IntakeRun intake_start(const char *const argv[], int in, int out);

/* Waits for its end. Returns its wait status; *@ret_size bytes of report have arrived. */
int intake_wait(IntakeRun run, void *report, size_t size, size_t *ret_size);

/* Both; the report must be complete. Returns the exit status. */
int intake_run(const char *const argv[], int in, int out, void *report, size_t size);

/* A new file without a name, open for reading and writing, with @data in it, at its beginning. */
int intake_file(const void *data, size_t size);
