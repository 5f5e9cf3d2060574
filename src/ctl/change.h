/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The same change to many unikernels: those named, or all below a path that the change applies to.
 * The calls for names are pipelined; each change that was made prints the full name, in the order
 * asked for.
 */

#include "ctl/options.h"

typedef struct Change {
        const char *method;      /* of the Manager, taking a name and options */
        const char *path_method; /* the same for all below a path, in their order */
        const char *verb;        /* "start" */
        /* Does it apply to a unikernel in @state, where a path is given? NULL: no paths. */
        bool (*applies)(const char *state);
} Change;

/* Returns the exit status, having printed what failed for single unikernels; a negative errno with
 * @fault filled when nothing was tried. */
int change_run(const Change *change, const Options *options, Fault *fault);
