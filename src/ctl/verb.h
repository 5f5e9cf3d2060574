/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The verbs of albatrossctl: one table says what each takes; the command line is checked against
 * it and --help is made from it.
 */

#include "ctl/options.h"

#define VERB_ANY SIZE_MAX

typedef enum VerbFlags {
        VERB_TAKES_REST = 1 << 0,  /* "-- ARG..." */
        VERB_MAY_ASK = 1 << 1,     /* polkit may want a password */
        VERB_IMAGE_IN = 1 << 2,    /* its last argument is a file that it reads */
        VERB_IMAGE_OUT = 1 << 3,   /* it writes a file */
        VERB_SETS_LIMITS = 1 << 4, /* its --block is a size */
        VERB_NEEDS_NO_DAEMON = 1 << 5,
} VerbFlags;

struct Verb {
        const char *name, *alias;
        size_t min_args, max_args;
        unsigned flags;
        uint64_t options;        /* beside the global ones */
        const OptionInfo *infos; /* by OptionId: of those that are something else here; or NULL */
        const char *synopsis;
        const char *help;
        /* Returns the exit status, or a negative errno with @fault filled. */
        int (*run)(const Options *options, Fault *fault);
};

extern const Verb verbs[];
extern const size_t n_verbs;

/* By name or alias; NULL when there is none. */
const Verb *verb_find(const char *name);

/* Is the number of arguments one that the verb takes? */
int verb_check(const Options *options, Fault *fault);

/* The flags of the verb, and those of what is to be done with block devices. */
unsigned verb_flags(const Options *options);

/* The place of the file among the arguments of one with VERB_IMAGE_OUT. */
size_t verb_file_place(const Options *options);

int verb_block(const Options *options, Fault *fault);
int verb_cat_config(const Options *options, Fault *fault);
int verb_console(const Options *options, Fault *fault);
int verb_create(const Options *options, Fault *fault);
int verb_destroy(const Options *options, Fault *fault);
int verb_get_image(const Options *options, Fault *fault);
int verb_import_state(const Options *options, Fault *fault);
int verb_inspect(const Options *options, Fault *fault);
int verb_list(const Options *options, Fault *fault);
int verb_monitor(const Options *options, Fault *fault);
int verb_policy(const Options *options, Fault *fault);
int verb_restart(const Options *options, Fault *fault);
int verb_rollback(const Options *options, Fault *fault);
int verb_set(const Options *options, Fault *fault);
int verb_show(const Options *options, Fault *fault);
int verb_start(const Options *options, Fault *fault);
int verb_stats(const Options *options, Fault *fault);
int verb_status(const Options *options, Fault *fault);
int verb_stop(const Options *options, Fault *fault);
int verb_top(const Options *options, Fault *fault);
int verb_update(const Options *options, Fault *fault);
