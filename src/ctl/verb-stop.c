/* SPDX-License-Identifier: ISC */

/* stop NAME|PATH:...|--all */

#include <string.h>

#include "ctl/change.h"
#include "ctl/verb.h"

/* One that has failed is stopped then, which is a change, too. */
static bool applies(const char *state) {
        return strcmp(state, "stopped") != 0;
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
