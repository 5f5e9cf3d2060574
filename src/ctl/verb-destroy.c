/* SPDX-License-Identifier: ISC */

/* destroy NAME... */

#include <stdio.h>
#include <stdlib.h>

#include "ctl/change.h"
#include "ctl/target.h"
#include "ctl/verb.h"

/* On stderr, since on stdout stand the names only. */
static void say_what_stays(const Options *options) {
        char scope[NAME_UNIT_MAX + 1] = "albatross-NAME.scope";
        Name name;

        if (options->n_args == 1 && target_name(&name, options->args[0], options, NULL) >= 0)
                name_scope(&name, scope);
        fflush(stdout);
        if (!option_given(options, OPTION_BLOCKS))
                fprintf(stderr, "Block devices are kept: albatrossctl block list\n");
        fprintf(stderr, "What was printed stays in the journal: journalctl -u %s\n", scope);
}

int verb_destroy(const Options *options, Fault *fault) {
        static const Change change = {.method = "DestroyUnikernel", .verb = "destroy"};
        int r;

        r = change_run(&change, options, fault);
        if (r == EXIT_SUCCESS && !option_given(options, OPTION_QUIET) &&
            !option_given(options, OPTION_DRY_RUN)) {
                say_what_stays(options);
        }
        return r;
}
