/* SPDX-License-Identifier: ISC */

/* start NAME|PATH:...|--all */

#include <string.h>

#include "ctl/change.h"
#include "ctl/verb.h"

/* One that waits for its restart is started now. */
static bool applies(const char *state) {
        return strcmp(state, "stopped") == 0 || strcmp(state, "failed") == 0 ||
               strcmp(state, "waiting") == 0;
}

int verb_start(const Options *options, Fault *fault) {
        static const Change change = {
                .method = "StartUnikernel",
                .path_method = "StartUnikernels",
                .verb = "start",
                .applies = applies,
        };

        return change_run(&change, options, fault);
}
