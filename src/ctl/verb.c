/* SPDX-License-Identifier: ISC */

#include <getopt.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/verb.h"

#define BIT(id) OPTION_BIT(OPTION_##id)

#define CONFIG_OPTIONS                                                                             \
        (BIT(MEMORY) | BIT(CPUS) | BIT(NET) | BIT(BLOCK) | BIT(RESTART) | BIT(STARTUP) |           \
         BIT(NAME) | BIT(NO_NAME))

static const OptionInfo policy_infos[N_OPTIONS] = {
        [OPTION_MEMORY] = {"memory", 0, required_argument, "SIZE",
                           "Memory of those that run, together"},
        [OPTION_CPUS] = {"cpus", 0, required_argument, "LIST", "CPUs they may use, as in 0-3,6"},
        [OPTION_BLOCK] = {"block", 0, required_argument, "SIZE|none",
                          "Size of all block devices together"},
};

static const OptionInfo create_infos[N_OPTIONS] = {
        [OPTION_FORCE] = {"force", 0, no_argument, NULL, "Update it when it is there already"},
};

const Verb verbs[] = {
        {.name = "list",
         .max_args = 1,
         .synopsis = "[PATH]",
         .help = "List unikernels as a tree",
         .run = verb_list},
        {.name = "status",
         .max_args = VERB_ANY,
         .synopsis = "[NAME...]",
         .help = "Show how unikernels are, or the host",
         .run = verb_status},
        {.name = "show",
         .min_args = 1,
         .max_args = 1,
         .flags = VERB_MAY_ASK,
         .options = BIT(PROPERTY),
         .synopsis = "NAME",
         .help = "Show what is known of a unikernel, for programs",
         .run = verb_show},
        {.name = "inspect",
         .min_args = 1,
         .max_args = 1,
         .flags = VERB_IMAGE_IN | VERB_NEEDS_NO_DAEMON,
         .synopsis = "IMAGE",
         .help = "Show what an image is and which devices it needs",
         .run = verb_inspect},
        {.name = "create",
         .min_args = 2,
         .max_args = 2,
         .flags = VERB_TAKES_REST | VERB_MAY_ASK | VERB_IMAGE_IN,
         .options = CONFIG_OPTIONS | BIT(NO_START) | BIT(FORCE) | BIT(CONSOLE),
         .infos = create_infos,
         .synopsis = "NAME IMAGE [-- ARG...]",
         .help = "Create a unikernel from an image, and start it",
         .run = verb_create},
        {.name = "update",
         .min_args = 2,
         .max_args = 2,
         .flags = VERB_TAKES_REST | VERB_MAY_ASK | VERB_IMAGE_IN,
         .options = CONFIG_OPTIONS | BIT(WAIT_RUNNING),
         .synopsis = "NAME IMAGE [-- ARG...]",
         .help = "Give a unikernel another image, and restart it",
         .run = verb_update},
        {.name = "set",
         .min_args = 1,
         .max_args = 1,
         .flags = VERB_TAKES_REST | VERB_MAY_ASK,
         .options = CONFIG_OPTIONS | BIT(NOW),
         .synopsis = "NAME [-- ARG...]",
         .help = "Change the configuration of a unikernel",
         .run = verb_set},
        {.name = "rollback",
         .min_args = 1,
         .max_args = 1,
         .flags = VERB_MAY_ASK,
         .synopsis = "NAME",
         .help = "Undo the last update of a unikernel",
         .run = verb_rollback},
        {.name = "start",
         .max_args = VERB_ANY,
         .flags = VERB_MAY_ASK,
         .options = BIT(ALL),
         .synopsis = "NAME|PATH:...",
         .help = "Start unikernels",
         .run = verb_start},
        {.name = "stop",
         .max_args = VERB_ANY,
         .flags = VERB_MAY_ASK,
         .options = BIT(ALL) | BIT(RUNTIME),
         .synopsis = "NAME|PATH:...",
         .help = "Stop unikernels",
         .run = verb_stop},
        {.name = "restart",
         .max_args = VERB_ANY,
         .flags = VERB_MAY_ASK,
         .options = BIT(ALL),
         .synopsis = "NAME|PATH:...",
         .help = "Stop unikernels and start them again",
         .run = verb_restart},
        {.name = "destroy",
         .min_args = 1,
         .max_args = VERB_ANY,
         .flags = VERB_MAY_ASK,
         .options = BIT(BLOCKS),
         .synopsis = "NAME...",
         .help = "Stop unikernels and forget them",
         .run = verb_destroy},
        {.name = "console",
         .alias = "logs",
         .min_args = 1,
         .max_args = VERB_ANY,
         .flags = VERB_MAY_ASK,
         .options = BIT(FOLLOW) | BIT(LINES) | BIT(OUTPUT) | BIT(SINCE) | BIT(UNTIL) | BIT(RAW),
         .synopsis = "NAME...",
         .help = "Show what unikernels have printed",
         .run = verb_console},
        {.name = "top",
         .max_args = 1,
         .options = BIT(DELAY) | BIT(ITERATIONS) | BIT(SORT) | BIT(REVERSE) | BIT(PATHS),
         .synopsis = "[NAME|PATH:]",
         .help = "Show what costs most, as long as one looks at it",
         .run = verb_top},
        {.name = "monitor",
         .max_args = 1,
         .synopsis = "[NAME|PATH:]",
         .help = "Show what happens, as it happens",
         .run = verb_monitor},
        {.name = "stats",
         .max_args = VERB_ANY,
         .options = BIT(INFLUX),
         .synopsis = "[NAME|PATH:...]",
         .help = "Show what unikernels use of the host",
         .run = verb_stats},
        {.name = "get-image",
         .min_args = 1,
         .max_args = 2,
         .flags = VERB_MAY_ASK | VERB_IMAGE_OUT,
         .options = BIT(FORCE),
         .synopsis = "NAME [FILE|-]",
         .help = "Copy the image of a unikernel into a file",
         .run = verb_get_image},
        {.name = "block",
         .min_args = 1,
         .max_args = 4,
         .flags = VERB_MAY_ASK,
         .options = BIT(COMPRESS) | BIT(PLAIN) | BIT(FORCE),
         .synopsis = "list|create|write|read|remove ...",
         .help = "List, make, fill, copy and remove block devices",
         .run = verb_block},
        {.name = "import-state",
         .min_args = 1,
         .max_args = 1,
         .flags = VERB_MAY_ASK | VERB_IMAGE_IN,
         .options = BIT(BLOCK_DIR) | BIT(NO_START),
         .synopsis = "FILE",
         .help = "Take over what an albatross in OCaml has",
         .run = verb_import_state},
        {.name = "policy",
         .min_args = 1,
         .max_args = 2,
         .flags = VERB_MAY_ASK | VERB_SETS_LIMITS,
         .options = BIT(UNIKERNELS) | BIT(MEMORY) | BIT(CPUS) | BIT(BLOCK) | BIT(BRIDGES) |
                    BIT(OWNER) | BIT(RECURSIVE),
         .infos = policy_infos,
         .synopsis = "list [PATH] | set PATH | remove PATH",
         .help = "List, set, remove what may be used below a path",
         .run = verb_policy},
        {.name = "cat-config",
         .max_args = 0,
         .flags = VERB_NEEDS_NO_DAEMON,
         .synopsis = "",
         .help = "Show the configuration files of albatrossd",
         .run = verb_cat_config},
};

const size_t n_verbs = N_ELEMENTS(verbs);

const Verb *verb_find(const char *name) {
        for (size_t i = 0; i < n_verbs; i++)
                if (strcmp(name, verbs[i].name) == 0 ||
                    (verbs[i].alias && strcmp(name, verbs[i].alias) == 0))
                        return &verbs[i];
        return NULL;
}

int verb_check(const Options *options, Fault *fault) {
        const Verb *verb = options->verb;
        const char *wrong = NULL;
        int r;

        if (options->n_args < verb->min_args)
                wrong = "more arguments";
        else if (options->n_args > verb->max_args)
                wrong = verb->flags & VERB_TAKES_REST ? "the guest's arguments behind \"--\""
                                                      : "fewer arguments";
        if (!wrong)
                return 0;

        r = fault_set(fault, FAULT_INVALID_ARGUMENT, "The verb '%s' takes %s", verb->name, wrong);
        fault_hint(fault, "Usage: albatrossctl [OPTION...] %s %s", verb->name, verb->synopsis);
        return r;
}

static bool is_block(const Options *options, const char *action) {
        return options->verb->run == verb_block && options->n_args > 0 &&
               strcmp(options->args[0], action) == 0;
}

unsigned verb_flags(const Options *options) {
        unsigned flags = options->verb->flags;

        if (is_block(options, "write") || (is_block(options, "create") && options->n_args > 3))
                flags |= VERB_IMAGE_IN;
        if (is_block(options, "read"))
                flags |= VERB_IMAGE_OUT;
        return flags;
}

size_t verb_file_place(const Options *options) {
        return is_block(options, "read") ? 2 : 1;
}
