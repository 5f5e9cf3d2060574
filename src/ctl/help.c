/* SPDX-License-Identifier: ISC */

#include <getopt.h>
#include <string.h>

#include "ctl/help.h"

#define COLUMN 30

static void print_row(FILE *out, const char *what, const char *help) {
        int padding = COLUMN - (int) strlen(what);

        /* What is too long for its column gets a line of its own. */
        if (padding < 2)
                fprintf(out, "  %s\n  %*s%s\n", what, COLUMN, "", help);
        else
                fprintf(out, "  %s%*s%s\n", what, padding, "", help);
}

static void print_option(FILE *out, const OptionInfo *info) {
        char letter[5] = "   ";
        char text[128];

        if (!info->name[1]) {
                snprintf(text, sizeof(text), "-%c", info->letter);
        } else {
                if (info->letter)
                        snprintf(letter, sizeof(letter), "-%c ", info->letter);
                snprintf(text, sizeof(text), "%s--%s%s%s%s", letter, info->name,
                         info->argument == optional_argument ? "[" : "", info->what ? "=" : "",
                         info->what ? info->what : "");
                if (info->argument == optional_argument)
                        strcat(text, "]");
        }
        print_row(out, text, info->help);
}

static void print_global_options(FILE *out) {
        fprintf(out, "\nOptions:\n");
        for (OptionId id = 0; id < N_GLOBAL_OPTIONS; id++)
                print_option(out, &option_infos[id]);
}

static void print_verb(FILE *out, const Verb *verb) {
        bool heading = false;

        fprintf(out, "albatrossctl [OPTION...] %s %s\n\n%s.\n", verb->name, verb->synopsis,
                verb->help);
        if (verb->alias)
                fprintf(out, "\"%s\" is the same.\n", verb->alias);
        for (OptionId id = N_GLOBAL_OPTIONS; id < N_OPTIONS; id++)
                if (verb->options & OPTION_BIT(id)) {
                        if (!heading)
                                fprintf(out, "\nOptions of %s:\n", verb->name);
                        heading = true;
                        print_option(out, option_info(verb, id));
                }
        print_global_options(out);
}

void help_print(FILE *out, const Verb *verb) {
        if (verb) {
                print_verb(out, verb);
                return;
        }

        fprintf(out, "albatrossctl [OPTION...] VERB ...\n\n"
                     "Create, run and look at unikernels.\n\nVerbs:\n");
        for (size_t i = 0; i < n_verbs; i++) {
                char text[128];

                snprintf(text, sizeof(text), "%s %s", verbs[i].name, verbs[i].synopsis);
                print_row(out, text, verbs[i].help);
        }
        print_global_options(out);
        fprintf(out, "\n\"albatrossctl VERB --help\" lists the options of a verb. "
                     "See albatrossctl(1).\n");
}
