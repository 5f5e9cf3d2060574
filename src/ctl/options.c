/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "ctl/moment.h"
#include "ctl/options.h"
#include "ctl/suggest.h"
#include "ctl/verb.h"
#include "domain/device-text.h"
#include "domain/startup.h"

/* getopt_long() returns these for the option with that id; below them lie the letters. */
#define CODE_BASE 256

#define N_SHORT_MAX (3 * N_OPTIONS + 3)

/* What getopt_long() wants, made from the table. */
static void make_getopt_tables(struct option longs[static N_OPTIONS + 1],
                               char shorts[static N_SHORT_MAX]) {
        /* "-": arguments come in their order, as if each were that of an option 1; so the "--"
         * stays where it was. ":": a missing argument is told apart from an unknown option. */
        char *end = stpcpy(shorts, "-:");

        for (size_t i = 0; i < N_OPTIONS; i++) {
                const OptionInfo *info = &option_infos[i];

                longs[i] = (struct option){info->name, info->argument, NULL, CODE_BASE + (int) i};
                if (info->letter) {
                        *end++ = info->letter;
                        if (info->argument == required_argument)
                                *end++ = ':';
                }
        }
        longs[N_OPTIONS] = (struct option){};
        *end = '\0';
}

/* A letter may be that of two options: the one is meant that the verb takes. */
static OptionId id_of_code(int code, const Verb *verb) {
        if (code >= CODE_BASE)
                return (OptionId) (code - CODE_BASE);
        for (size_t i = 0; verb && i < N_OPTIONS; i++)
                if (option_infos[i].letter == code && (verb->options & OPTION_BIT(i)))
                        return (OptionId) i;
        for (size_t i = 0; i < N_OPTIONS; i++)
                if (option_infos[i].letter == code)
                        return (OptionId) i;
        return N_OPTIONS;
}

static int refuse_unknown(const char *word, Fault *fault) {
        char name[64];
        Suggestion suggestion = {.typed = name};
        int r;

        if (optopt > 0 && optopt < CODE_BASE)
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "Unknown option '-%c'", optopt);

        snprintf(name, sizeof(name), "%.*s", (int) strcspn(word + 2, "="), word + 2);
        for (size_t i = 0; i < N_OPTIONS; i++)
                suggestion_offer(&suggestion, option_infos[i].name);
        if (optopt >= CODE_BASE)
                r = fault_set(fault, FAULT_INVALID_ARGUMENT, "The option '--%s' takes no value",
                              name);
        else if (suggestion.nearest)
                r = fault_set(fault, FAULT_INVALID_ARGUMENT,
                              "Unknown option '--%s', did you mean '--%s'?", name,
                              suggestion.nearest);
        else
                r = fault_set(fault, FAULT_INVALID_ARGUMENT, "Unknown option '--%s'", name);
        fault_hint(fault, "\"albatrossctl --help\" lists the options.");
        return r;
}

static int refuse_value(OptionId id, const char *value, Fault *fault) {
        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                         "\"%.60s\" is nothing that --%s takes, which is %s", value,
                         option_infos[id].name, option_infos[id].what);
}

static int read_json(Options *options, const char *value, Fault *fault) {
        static const char *const names[] = {
                [JSON_OFF] = "off", [JSON_PRETTY_MODE] = "pretty", [JSON_SHORT_MODE] = "short"};

        for (size_t i = 0; i < N_ELEMENTS(names); i++)
                if (strcmp(value, names[i]) == 0) {
                        options->json = (JsonMode) i;
                        return 0;
                }
        return refuse_value(OPTION_JSON, value, fault);
}

static int read_output(Options *options, const char *value, Fault *fault) {
        static const char *const names[] = {[CONSOLE_SHORT] = "short",
                                            [CONSOLE_SHORT_ISO] = "short-iso",
                                            [CONSOLE_CAT] = "cat",
                                            [CONSOLE_JSON] = "json"};

        for (size_t i = 0; i < N_ELEMENTS(names); i++)
                if (strcmp(value, names[i]) == 0) {
                        options->output = (ConsoleOutput) i;
                        return 0;
                }
        return refuse_value(OPTION_OUTPUT, value, fault);
}

static int read_memory(Options *options, const char *value, Fault *fault) {
        int r;

        r = number_parse_size(value, &options->memory_bytes);
        if (r == -ERANGE)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "\"%.60s\" is more memory than any machine has", value);
        if (r < 0 || options->memory_bytes == 0) {
                r = fault_set(fault, FAULT_INVALID_ARGUMENT, "\"%.60s\" is no size of a memory",
                              value);
                fault_hint(fault, "A bare number is MiB; K, M, G and T are powers of 1024.");
                return r;
        }
        return 0;
}

static int add_net(Options *options, const char *value, Fault *fault) {
        Net net;
        int r;

        /* An empty list is one, too. */
        if (value[0] == '\0')
                return 0;
        r = net_parse(&net, value, fault);
        return r < 0 ? r : devices_add_net(&options->devices, &net, fault);
}

const char *option_next_value(const Options *options, OptionId id, size_t *i) {
        while (*i < options->n_all) {
                const GivenOption *given = &options->all[(*i)++];

                if (given->id == id)
                        return given->value;
        }
        return NULL;
}

/* What --block means depends on the verb, which may have come behind it. */
static int read_blocks(Options *options, Fault *fault) {
        const char *value;
        size_t i = 0;

        if (options->verb && (options->verb->flags & VERB_SETS_LIMITS))
                return 0;
        while ((value = option_next_value(options, OPTION_BLOCK, &i))) {
                Block block;
                int r;

                if (value[0] == '\0')
                        continue;

                r = block_parse(&block, value, fault);
                if (r >= 0)
                        r = devices_add_block(&options->devices, &block, fault);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_lines(Options *options, const char *value, Fault *fault) {
        if (strcmp(value, "all") == 0) {
                options->n_lines = LINES_ALL;
                return 0;
        }
        if (number_parse(value, LINES_ALL - 1, &options->n_lines) < 0)
                return refuse_value(OPTION_LINES, value, fault);
        return 0;
}

static int read_moment(OptionId id,
                       const char *value,
                       uint64_t now_usec,
                       uint64_t *ret,
                       Fault *fault) {
        int r;

        r = moment_parse(value, now_usec, ret);
        if (r < 0) {
                r = fault_set(fault, FAULT_INVALID_ARGUMENT, "\"%.60s\" of --%s is no time", value,
                              option_infos[id].name);
                fault_hint(fault, "Write it like \"2026-11-21 23:01\", \"23:01\", \"yesterday\" or "
                                  "\"-5min\".");
        }
        return r;
}

static int read_wait_running(Options *options, const char *value, Fault *fault) {
        uint64_t seconds = 10;

        if (value && (number_parse(value, 86400, &seconds) < 0 || seconds == 0))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "\"%.60s\" of --wait-running is no number of seconds from 1 to "
                                 "86400",
                                 value);
        options->wait_running_usec = seconds * 1000000;
        return 0;
}

static int read_delay(Options *options, const char *value, Fault *fault) {
        if (number_parse_span(value, &options->delay_usec) < 0 || options->delay_usec < 10000)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "\"%.60s\" of --delay is no time span of at least 10ms", value);
        return 0;
}

static int read_iterations(Options *options, const char *value, Fault *fault) {
        if (number_parse(value, UINT64_MAX - 1, &options->n_iterations) < 0 ||
            options->n_iterations == 0)
                return refuse_value(OPTION_ITERATIONS, value, fault);
        return 0;
}

static int add_properties(Options *options, const char *value, Fault *fault) {
        if (options->n_properties == PROPERTIES_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "More than %d fields are asked for",
                                 PROPERTIES_MAX);
        options->properties[options->n_properties++] = value;
        return 0;
}

/* Notes that the option was given, and reads its value where it has a form of its own. */
static int take_option(Options *options,
                       OptionId id,
                       const char *value,
                       uint64_t now_usec,
                       Fault *fault) {
        options->given |= OPTION_BIT(id);
        options->values[id] = value;
        options->all[options->n_all++] = (GivenOption){.id = id, .value = value};

        if (id == OPTION_HOST)
                options->host = value;
        else if (id == OPTION_MACHINE)
                options->machine = value;
        else if (id == OPTION_PATH)
                options->path = value;
        else if (id == OPTION_JSON)
                return read_json(options, value, fault);
        else if (id == OPTION_J)
                options->json = isatty(STDOUT_FILENO) ? JSON_PRETTY_MODE : JSON_SHORT_MODE;
        else if (id == OPTION_MEMORY)
                return read_memory(options, value, fault);
        else if (id == OPTION_CPUS)
                return cpus_parse(&options->cpus, value, fault);
        else if (id == OPTION_NET)
                return add_net(options, value, fault);
        else if (id == OPTION_RESTART)
                return restart_parse(&options->restart, value, fault);
        else if (id == OPTION_WAIT_RUNNING)
                return read_wait_running(options, value, fault);
        else if (id == OPTION_STARTUP)
                return startup_parse(&options->startup, value, fault);
        else if (id == OPTION_PROPERTY)
                return add_properties(options, value, fault);
        else if (id == OPTION_LINES)
                return read_lines(options, value, fault);
        else if (id == OPTION_DELAY)
                return read_delay(options, value, fault);
        else if (id == OPTION_ITERATIONS)
                return read_iterations(options, value, fault);
        else if (id == OPTION_SORT && figure_from_string(&options->sort, value) < 0)
                return refuse_value(id, value, fault);
        else if (id == OPTION_OUTPUT)
                return read_output(options, value, fault);
        else if (id == OPTION_SINCE)
                return read_moment(id, value, now_usec, &options->since_usec, fault);
        else if (id == OPTION_UNTIL)
                return read_moment(id, value, now_usec, &options->until_usec, fault);
        return 0;
}

/* The first argument is the verb, the others are its. */
static int take_argument(Options *options, char *word, Fault *fault) {
        Suggestion suggestion = {.typed = word};
        int r;

        if (options->verb) {
                options->args[options->n_args++] = word;
                return 0;
        }

        options->verb = verb_find(word);
        if (options->verb)
                return 0;

        for (size_t i = 0; i < n_verbs; i++) {
                suggestion_offer(&suggestion, verbs[i].name);
                if (verbs[i].alias)
                        suggestion_offer(&suggestion, verbs[i].alias);
        }
        if (suggestion.nearest)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "Unknown verb '%.60s', did you mean '%s'?", word,
                                 suggestion.nearest);
        r = fault_set(fault, FAULT_INVALID_ARGUMENT, "Unknown verb '%.60s'", word);
        fault_hint(fault, "\"albatrossctl --help\" lists the verbs.");
        return r;
}

/* The verb, which may stand behind the options that it gives their meaning. NULL: there is none. */
static const Verb *look_ahead(int argc,
                              char **argv,
                              const char *shorts,
                              const struct option *longs) {
        int code;

        optind = 0;
        while ((code = getopt_long(argc, argv, shorts, longs, NULL)) >= 0)
                if (code == 1)
                        return verb_find(optarg);
        return NULL;
}

static int scan(Options *options, int argc, char **argv, uint64_t now_usec, Fault *fault) {
        struct option longs[N_OPTIONS + 1];
        char shorts[N_SHORT_MAX];
        const char *last_value = NULL;
        const Verb *verb;
        int r;

        make_getopt_tables(longs, shorts);
        opterr = 0;
        verb = look_ahead(argc, argv, shorts, longs);
        optind = 0; /* also resets what getopt_long() remembers of an earlier command line */

        for (;;) {
                int code = getopt_long(argc, argv, shorts, longs, NULL);

                if (code < 0)
                        break;
                last_value = optarg;
                if (code == '?')
                        return refuse_unknown(argv[optind - 1], fault);
                if (code == ':')
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "The option '--%s' needs a value: %s",
                                         option_infos[id_of_code(optopt, verb)].name,
                                         option_infos[id_of_code(optopt, verb)].what);
                if (code == 1)
                        r = take_argument(options, optarg, fault);
                else
                        r = take_option(options, id_of_code(code, verb), optarg, now_usec, fault);
                if (r < 0)
                        return r;
        }

        /* Scanning stops early, or right behind a "--" that is nobody's value, only there. */
        options->rest = argv + optind;
        options->n_rest = (size_t) (argc - optind);
        options->has_rest =
                optind > 1 && strcmp(argv[optind - 1], "--") == 0 && last_value != argv[optind - 1];
        return 0;
}

static int check_given(const Options *options, Fault *fault) {
        const Verb *verb = options->verb;

        for (OptionId id = N_GLOBAL_OPTIONS; id < N_OPTIONS; id++) {
                if (!option_given(options, id) || (verb->options & OPTION_BIT(id)))
                        continue;
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "The verb '%s' takes no option '--%s'", verb->name,
                                 option_infos[id].name);
        }
        return 0;
}

/* For most verbs, "--" only ends the options, as everywhere: what follows are arguments still. */
static void take_rest(Options *options) {
        if (!options->verb || (options->verb->flags & VERB_TAKES_REST))
                return;
        for (size_t i = 0; i < options->n_rest; i++)
                options->args[options->n_args++] = options->rest[i];
        options->n_rest = 0;
        options->has_rest = false;
}

int options_parse(Options *ret, int argc, char **argv, uint64_t now_usec, Fault *fault) {
        _cleanup_(options_done) Options options = {};
        size_t n_letters = 0;
        int r;

        options.args = calloc((size_t) argc + 1, sizeof(*options.args));
        /* One word may hold several: "-qj". */
        for (int i = 0; i < argc; i++)
                n_letters += strlen(argv[i]);
        options.all = calloc(n_letters + 1, sizeof(*options.all));
        if (!options.args || !options.all)
                return -ENOMEM;

        r = scan(&options, argc, argv, now_usec, fault);
        if (r < 0)
                return r;
        take_rest(&options);
        r = read_blocks(&options, fault);
        if (r < 0)
                return r;
        /* Help is for those who do not know yet how it is right. */
        if (options.verb && !option_given(&options, OPTION_HELP)) {
                r = check_given(&options, fault);
                if (r < 0)
                        return r;
                r = verb_check(&options, fault);
                if (r < 0)
                        return r;
        }

        *ret = options;
        options.args = NULL;
        options.all = NULL;
        options.devices = (Devices){};
        return 0;
}

void options_done(Options *options) {
        free(options->args);
        options->args = NULL;
        free(options->all);
        options->all = NULL;
        devices_clear(&options->devices);
}
