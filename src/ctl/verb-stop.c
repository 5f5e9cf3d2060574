/* SPDX-License-Identifier: ISC */

/* stop NAME|PATH:...|--all */

#include <string.h>

#include "ctl/change.h"
#include "ctl/verb.h"

static bool applies(const char *state) {
        return strcmp(state, "stopped") != 0 && strcmp(state, "failed") != 0;
}

int verb_stop(const Options *options, Fault *fault) {
        static const Change change = {
                .method = "StopUnikernel",
                .path_method = "StopUnikernels",
                .verb = "stop",
                .applies = applies,
        };

        return change_run(&change, options, fault);
}
