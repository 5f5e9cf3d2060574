/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A command line, taken apart: the verb, its arguments and the options, each checked for its form
 * and for whether that verb takes it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/rates.h"
#include "domain/cpus.h"
#include "domain/devices.h"
#include "domain/fault.h"
#include "domain/name.h"
#include "domain/restart.h"

typedef struct Verb Verb;

typedef enum OptionId {
        /* Of every verb. */
        OPTION_HOST,
        OPTION_MACHINE,
        OPTION_PATH,
        OPTION_JSON,
        OPTION_J,
        OPTION_QUIET,
        OPTION_NO_PAGER,
        OPTION_NO_LEGEND,
        OPTION_NO_ASK_PASSWORD,
        OPTION_DRY_RUN,
        OPTION_HELP,
        OPTION_VERSION,
        N_GLOBAL_OPTIONS,
        /* Of some. */
        OPTION_MEMORY = N_GLOBAL_OPTIONS,
        OPTION_CPUS,
        OPTION_NET,
        OPTION_BLOCK,
        OPTION_RESTART,
        OPTION_STARTUP,
        OPTION_WAIT_RUNNING,
        OPTION_NOW,
        OPTION_NAME,
        OPTION_NO_NAME,
        OPTION_NO_START,
        OPTION_CONSOLE,
        OPTION_ALL,
        OPTION_RUNTIME,
        OPTION_PROPERTY,
        OPTION_FOLLOW,
        OPTION_LINES,
        OPTION_OUTPUT,
        OPTION_SINCE,
        OPTION_UNTIL,
        OPTION_RAW,
        OPTION_FORCE,
        OPTION_COMPRESS,
        OPTION_PLAIN,
        OPTION_BLOCK_DIR,
        OPTION_UNIKERNELS,
        OPTION_BRIDGES,
        OPTION_OWNER,
        OPTION_RECURSIVE,
        OPTION_DELAY,
        OPTION_ITERATIONS,
        OPTION_SORT,
        OPTION_REVERSE,
        OPTION_PATHS,
        OPTION_INFLUX,
        OPTION_BLOCKS,
        N_OPTIONS,
} OptionId;

#define OPTION_BIT(id) (UINT64_C(1) << (id))

typedef enum JsonMode {
        JSON_OFF,
        JSON_PRETTY_MODE,
        JSON_SHORT_MODE,
} JsonMode;

typedef enum ConsoleOutput {
        CONSOLE_SHORT,
        CONSOLE_SHORT_ISO,
        CONSOLE_CAT,
        CONSOLE_JSON,
} ConsoleOutput;

#define LINES_ALL      UINT64_MAX
#define PROPERTIES_MAX 32

typedef struct GivenOption {
        OptionId id;
        const char *value; /* NULL: it has none */
} GivenOption;

/* Strings point into the command line. */
typedef struct Options {
        const Verb *verb;
        char **args;
        size_t n_args;
        /* What follows "--", for verbs that hand it on; has_rest also where nothing does. */
        char **rest;
        size_t n_rest;
        bool has_rest;

        uint64_t given; /* OPTION_BIT() of each */
        const char *values[N_OPTIONS];
        /* One after the other, as often as they were given. */
        GivenOption *all;
        size_t n_all;

        const char *host, *machine, *path;
        JsonMode json;
        uint64_t memory_bytes;
        Cpus cpus;
        Devices devices;
        RestartRule restart;
        uint32_t startup;
        uint64_t wait_running_usec;
        Name own_path; /* the one path that is delegated to the caller; see own-path.h */
        const char *properties[PROPERTIES_MAX];
        size_t n_properties;
        uint64_t n_lines;
        ConsoleOutput output;
        uint64_t since_usec, until_usec;
        uint64_t delay_usec, n_iterations;
        Figure sort;
} Options;

/* How an option is written, and what it is for. */
typedef struct OptionInfo {
        const char *name;
        char letter;      /* 0: none */
        int argument;     /* as in struct option */
        const char *what; /* what its argument is, NULL: it has none */
        const char *help;
} OptionInfo;

extern const OptionInfo option_infos[N_OPTIONS];

/* The same as @verb has it, which may be NULL. */
const OptionInfo *option_info(const Verb *verb, OptionId id);

static inline bool option_given(const Options *options, OptionId id) {
        return options->given & OPTION_BIT(id);
}

/* The values of an option that may be repeated: the first one from *@i on, which is set behind it;
 * NULL when there is none. */
const char *option_next_value(const Options *options, OptionId id, size_t *i);

/* Takes @argv apart; its strings must outlive *@ret, which is filled on success only; the caller
 * frees what is in it by options_done(). A verb may be missing (NULL). @now_usec, microseconds
 * UTC, is what relative times count from. */
int options_parse(Options *ret, int argc, char **argv, uint64_t now_usec, Fault *fault);

void options_done(Options *options);
