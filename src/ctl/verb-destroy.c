/* SPDX-License-Identifier: ISC */

/* destroy NAME... */

#include <stdio.h>
#include <stdlib.h>

#include "ctl/change.h"
#include "ctl/verb.h"

int verb_destroy(const Options *options, Fault *fault) {
        static const Change change = {.method = "DestroyUnikernel", .verb = "destroy"};
        int r;

        r = change_run(&change, options, fault);
        if (r == EXIT_SUCCESS && !option_given(options, OPTION_QUIET) &&
            !option_given(options, OPTION_DRY_RUN)) {
                /* On stdout stand the names only. */
                fflush(stdout);
                fprintf(stderr, "What they printed stays in the journal: "
                                "journalctl -u 'albatross-NAME.scope'\n");
        }
        return r;
}
