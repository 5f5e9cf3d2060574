/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A program of ours that runs as the daemon's own child, in the daemon's sandbox: the writer, the
 * readers of consoles, what copies an image out. Its end is collected by the event loop.
 */

#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#define HELPER_FDS_MAX       8
#define HELPER_ARGUMENTS_MAX 80

typedef struct Helper Helper;

typedef struct HelperSpec {
        const char *program;          /* a path */
        const char *const *arguments; /* beyond argv[0], NULL-terminated; may be NULL */
        int fds[HELPER_FDS_MAX];      /* become 0, 1, 2 ...; -1 is /dev/null */
        size_t n_fds;
} HelperSpec;

/* Starts it. When the object is freed while the program runs, the program gets SIGTERM. */
int helper_start(Helper **ret, sd_event *event, const HelperSpec *spec);

/* Called when a program has ended. */
typedef void (*HelperEnded)(void *userdata);

/* The same for a program that nobody waits for: it is reaped, @ended, which may be NULL, is called,
 * and that is all. When this fails, @ended is not called. Returns its pid, which is no other's
 * until
 * @ended is called. */
pid_t helper_start_floating(sd_event *event,
                            const HelperSpec *spec,
                            HelperEnded ended,
                            void *userdata);

/* Ends at once a program that can't be trusted to do so. It goes on to be collected. */
void helper_kill(Helper *helper);

Helper *helper_free(Helper *helper);
