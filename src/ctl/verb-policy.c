/* SPDX-License-Identifier: ISC */

/* policy list [PATH] | set PATH | remove PATH */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "ctl/call.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/policy-list.h"
#include "ctl/target.h"
#include "ctl/verb.h"
#include "domain/bridges.h"

#define BIT(id) OPTION_BIT(OPTION_##id)
#define SET_OPTIONS                                                                                \
        (BIT(UNIKERNELS) | BIT(MEMORY) | BIT(CPUS) | BIT(BLOCK) | BIT(BRIDGES) | BIT(OWNER))

/* What is set, as far as it is given. */
typedef struct Limits {
        uint64_t n_unikernels, block_bytes;
        Bridges bridges;
} Limits;

static void limits_clear(Limits *limits) {
        bridges_clear(&limits->bridges);
}

static int refuse_value(OptionId id, const char *value, const char *what, Fault *fault) {
        return fault_set(fault, FAULT_INVALID_ARGUMENT, "\"%.60s\" is nothing that --%s takes: %s",
                         value, option_infos[id].name, what);
}

static int read_block(Limits *limits, const Options *options, Fault *fault) {
        const char *value = options->values[OPTION_BLOCK];

        if (strcmp(value, "none") == 0)
                return 0;
        if (number_parse_size(value, &limits->block_bytes) < 0)
                return refuse_value(OPTION_BLOCK, value, "it is a size, in MiB, or none", fault);
        return 0;
}

static int read_bridges(Limits *limits, const char *value, Fault *fault) {
        while (*value) {
                size_t length = strcspn(value, ",");
                char name[sizeof(BridgeName) + 1] = "";
                int r;

                /* One that is cut here is too long all the same. */
                snprintf(name, sizeof(name), "%.*s", (int) MIN_OF(length, sizeof(name) - 1), value);
                r = bridges_add(&limits->bridges, name, fault);
                if (r < 0)
                        return r;
                value += length + (value[length] == ',');
        }
        return 0;
}

/* "none" alone. The bus takes text only, and drops who sends it anything else. */
static int check_owners(const Options *options, Fault *fault) {
        bool has_none = false;
        size_t i = 0, n = 0;
        const char *owner;

        while ((owner = option_next_value(options, OPTION_OWNER, &i))) {
                has_none = has_none || strcmp(owner, "none") == 0;
                n++;
                if (!escape_is_utf8(owner, strlen(owner)))
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "An owner is not valid UTF-8");
        }
        if (has_none && n > 1)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "--owner=none and other owners exclude each other");
        return 0;
}

static int read_limits(Limits *limits, const Options *options, Fault *fault) {
        int r = 0;

        if (!(options->given & SET_OPTIONS)) {
                r = fault_set(fault, FAULT_INVALID_ARGUMENT, "Nothing is given to be set");
                fault_hint(fault, "See: albatrossctl policy --help");
                return r;
        }
        if (option_given(options, OPTION_UNIKERNELS)) {
                const char *value = options->values[OPTION_UNIKERNELS];

                if (number_parse(value, UINT32_MAX, &limits->n_unikernels) < 0)
                        return refuse_value(OPTION_UNIKERNELS, value, "it is a number", fault);
        }
        if (option_given(options, OPTION_BLOCK))
                r = read_block(limits, options, fault);
        if (r >= 0 && option_given(options, OPTION_BRIDGES))
                r = read_bridges(limits, options->values[OPTION_BRIDGES], fault);
        return r < 0 ? r : check_owners(options, fault);
}

/* --- what is sent --- */

static int open_list(sd_bus_message *message, const char *key, const char *type) {
        char array[3] = {'a', type[0]};
        int r;

        r = sd_bus_message_open_container(message, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(message, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'v', array);
        return r < 0 ? r : sd_bus_message_open_container(message, 'a', type);
}

static int close_list(sd_bus_message *message, int r) {
        for (unsigned level = 0; r >= 0 && level < 3; level++)
                r = sd_bus_message_close_container(message);
        return r;
}

static int append_cpus(sd_bus_message *message, const Cpus *cpus) {
        uint32_t ids[CPUS_MAX];
        size_t n_ids = cpus_to_ids(cpus, ids);
        int r;

        r = open_list(message, "CPUs", "u");
        for (size_t i = 0; r >= 0 && i < n_ids; i++)
                r = sd_bus_message_append(message, "u", ids[i]);
        return close_list(message, r);
}

static int append_bridges(sd_bus_message *message, const Bridges *bridges) {
        int r;

        r = open_list(message, "Bridges", "s");
        for (size_t i = 0; r >= 0 && i < bridges->n; i++)
                r = sd_bus_message_append(message, "s", bridges->names[i].text);
        return close_list(message, r);
}

static int append_owners(sd_bus_message *message, const Options *options) {
        const char *owner;
        size_t i = 0;
        int r;

        r = open_list(message, "Owners", "s");
        while (r >= 0 && (owner = option_next_value(options, OPTION_OWNER, &i)))
                if (strcmp(owner, "none") != 0)
                        r = sd_bus_message_append(message, "s", owner);
        return close_list(message, r);
}

static int append_limits(sd_bus_message *message, const Limits *limits, const Options *options) {
        int r;

        r = sd_bus_message_open_container(message, 'a', "{sv}");
        if (r >= 0 && option_given(options, OPTION_UNIKERNELS))
                r = sd_bus_message_append(message, "{sv}", "Unikernels", "u",
                                          (uint32_t) limits->n_unikernels);
        if (r >= 0 && option_given(options, OPTION_MEMORY))
                r = sd_bus_message_append(message, "{sv}", "Memory", "t", options->memory_bytes);
        if (r >= 0 && option_given(options, OPTION_CPUS))
                r = append_cpus(message, &options->cpus);
        if (r >= 0 && option_given(options, OPTION_BLOCK))
                r = sd_bus_message_append(message, "{sv}", "Block", "t", limits->block_bytes);
        if (r >= 0 && option_given(options, OPTION_BRIDGES))
                r = append_bridges(message, &limits->bridges);
        if (r >= 0 && option_given(options, OPTION_OWNER))
                r = append_owners(message, options);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

/* --- what is said --- */

/* The full path goes to stdout, as of every change; what was set goes to people. */
static void tell_limits(const Limits *limits, const Options *options) {
        char size[HUMAN_MAX + 1], cpus[CPUS_TEXT_MAX + 1];
        const char *separator = "Set: ", *owner;
        size_t i_owner = 0;

        fflush(stdout);
        if (option_given(options, OPTION_UNIKERNELS)) {
                fprintf(stderr, "%s%llu unikernel%s", separator,
                        (unsigned long long) limits->n_unikernels,
                        limits->n_unikernels == 1 ? "" : "s");
                separator = ", ";
        }
        if (option_given(options, OPTION_MEMORY)) {
                human_size(options->memory_bytes, size);
                fprintf(stderr, "%smemory %s", separator, size);
                separator = ", ";
        }
        if (option_given(options, OPTION_CPUS)) {
                cpus_format(&options->cpus, cpus);
                fprintf(stderr, "%sCPUs %s", separator, cpus);
                separator = ", ";
        }
        if (option_given(options, OPTION_BLOCK)) {
                human_size(limits->block_bytes, size);
                fprintf(stderr, "%sblock devices %s", separator,
                        limits->block_bytes > 0 ? size : "none");
                separator = ", ";
        }
        if (option_given(options, OPTION_BRIDGES)) {
                fprintf(stderr, "%sbridges", separator);
                for (size_t i = 0; i < limits->bridges.n; i++)
                        fprintf(stderr, " %s", limits->bridges.names[i].text);
                fputs(limits->bridges.n == 0 ? " none" : "", stderr);
                separator = ", ";
        }
        while ((owner = option_next_value(options, OPTION_OWNER, &i_owner))) {
                fprintf(stderr, "%sowner ", separator);
                escape_write(stderr, owner, strlen(owner), ESCAPE_LINE);
                separator = ", ";
        }
        putc('\n', stderr);
}

static int begin(sd_bus_message **ret,
                 sd_bus **ret_bus,
                 const Options *options,
                 const char *method,
                 Fault *fault) {
        int r;

        r = connect_bus(ret_bus, options, fault);
        return r < 0 ? r : call_new(ret, *ret_bus, method, fault);
}

static bool is_pretended(const char *what, const char *text, const Options *options) {
        if (option_given(options, OPTION_DRY_RUN))
                printf("Would %s the policy %s\n", what, text);
        return option_given(options, OPTION_DRY_RUN);
}

static int run_set(const Name *path, const char *text, const Options *options, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(limits_clear) Limits limits = {};
        int r;

        r = read_limits(&limits, options, fault);
        if (r < 0)
                return r;
        if (is_pretended("set", text, options))
                return EXIT_SUCCESS;
        r = begin(&request, &bus, options, "SetPolicy", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "s", path->text);
        if (r >= 0)
                r = append_limits(request, &limits, options);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        r = call_now(NULL, bus, request, CALL_PATIENTLY, fault);
        if (r < 0)
                return r;
        if (!option_given(options, OPTION_QUIET)) {
                puts(text);
                tell_limits(&limits, options);
        }
        return EXIT_SUCCESS;
}

static int run_remove(const Name *path, const char *text, const Options *options, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        if (is_pretended("remove", text, options))
                return EXIT_SUCCESS;
        r = begin(&request, &bus, options, "RemovePolicy", fault);
        if (r < 0)
                return r;
        r = option_given(options, OPTION_RECURSIVE)
                    ? sd_bus_message_append(request, "sa{sv}", path->text, 1, "Recursive", "b", 1)
                    : sd_bus_message_append(request, "sa{sv}", path->text, 0);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        r = call_now(NULL, bus, request, CALL_PATIENTLY, fault);
        if (r < 0)
                return r;
        if (!option_given(options, OPTION_QUIET))
                puts(text);
        return EXIT_SUCCESS;
}

/* Each of the three takes some of the options of the verb. */
static int check_options(const Options *options, const char *what, uint64_t taken, Fault *fault) {
        for (OptionId id = N_GLOBAL_OPTIONS; id < N_OPTIONS; id++)
                if (option_given(options, id) && !(taken & OPTION_BIT(id)))
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "'policy %s' takes no option '--%s'", what,
                                         option_infos[id].name);
        return 0;
}

static int run_list(const Options *options, Fault *fault) {
        Name path;
        int r;

        r = check_options(options, "list", 0, fault);
        if (r < 0)
                return r;
        if (options->n_args > 1)
                r = target_path(&path, options->args[1], options, fault);
        else
                r = target_default_path(&path, options, fault);
        if (r < 0)
                return r;
        /* All there are, for who may see them; others see what is theirs. */
        if (options->n_args == 1 && !options->path)
                path = options->own_path;
        return policy_list_run(&path, options, fault);
}

int verb_policy(const Options *options, Fault *fault) {
        const char *what = options->args[0];
        bool sets = strcmp(what, "set") == 0;
        char text[NAME_MAX_LENGTH + 2];
        Name path;
        int r;

        if (strcmp(what, "list") == 0)
                return run_list(options, fault);
        if (!sets && strcmp(what, "remove") != 0)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "'policy %.60s' is not known, there are 'policy list', 'policy "
                                 "set' and 'policy remove'",
                                 what);
        if (options->n_args < 2)
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "'policy %s' needs a path", what);
        r = check_options(options, what, sets ? SET_OPTIONS : BIT(RECURSIVE), fault);
        if (r < 0)
                return r;
        r = target_path(&path, options->args[1], options, fault);
        if (r < 0)
                return r;
        target_text(path.text, options, text);
        return sets ? run_set(&path, text, options, fault)
                    : run_remove(&path, text, options, fault);
}
