/* SPDX-License-Identifier: ISC */

/* albatrossctl: takes its command line apart, runs the verb, says what went wrong. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "ctl/agent.h"
#include "ctl/error.h"
#include "ctl/help.h"
#include "ctl/human.h"
#include "ctl/own-path.h"
#include "ctl/remote.h"
#include "ctl/verb.h"

/* Returns the exit status, or a negative errno with @fault filled. */
static int run(Options *options, Fault *fault) {
        _cleanup_(agent_stop) Agent agent = AGENT_NONE;
        int r;

        if (option_given(options, OPTION_VERSION)) {
                puts("albatrossctl " ALBATROSS_VERSION);
                return EXIT_SUCCESS;
        }
        if (option_given(options, OPTION_HELP)) {
                help_print(stdout, options->verb);
                return EXIT_SUCCESS;
        }
        if (!options->verb) {
                r = fault_set(fault, FAULT_INVALID_ARGUMENT, "No verb is given");
                fault_hint(fault, "\"albatrossctl list\" shows unikernels, \"albatrossctl --help\" "
                                  "what else there is.");
                return r;
        }
        if (options->host)
                return remote_run(options, fault);

        own_path_find(options);
        if (options->verb->flags & VERB_MAY_ASK)
                agent = agent_start(options);
        return options->verb->run(options, fault);
}

int main(int argc, char **argv) {
        _cleanup_(options_done) Options options = {};
        Fault fault = {};
        int r;

        r = options_parse(&options, argc, argv, human_now(), &fault);
        if (r >= 0)
                r = run(&options, &fault);
        if (r < 0) {
                error_print(&fault, r);
                /* The other statuses are the unikernel's then. */
                return option_given(&options, OPTION_CONSOLE) ? 125 : EXIT_FAILURE;
        }

        /* What could not be written is a failure too; that nobody reads on is none. */
        if (fflush(stdout) != 0 && errno != EPIPE && r == EXIT_SUCCESS) {
                fprintf(stderr, "The output could not be written: %m.\n");
                return EXIT_FAILURE;
        }
        return r;
}
