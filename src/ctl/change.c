/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/agent.h"
#include "ctl/call.h"
#include "ctl/change.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/listing.h"
#include "ctl/target.h"
#include "ctl/verb.h"
#include "domain/config.h"

/* So many calls are on their way at once: enough to keep the daemon busy, and below what it lets
 * one user queue. */
#define N_PIPELINED 32

/* Those that are named, and those found below a path, for which one call does it all. */
typedef struct Targets {
        Name *items;
        size_t n_items;
        struct TargetPath *paths;
        size_t n_paths;
} Targets;

typedef struct TargetPath {
        Name path;
        Name *items;
        size_t n_items;
} TargetPath;

static void targets_done(Targets *targets) {
        for (size_t i = 0; i < targets->n_paths; i++)
                free(targets->paths[i].items);
        free(targets->paths);
        free(targets->items);
}

static int names_add(Name **names, size_t *n_names, const Name *name) {
        Name *larger;

        larger = reallocarray(*names, *n_names + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        *names = larger;
        larger[(*n_names)++] = *name;
        return 0;
}

static int targets_add_path(Targets *targets, const Name *path, TargetPath **ret) {
        TargetPath *larger;

        larger = reallocarray(targets->paths, targets->n_paths + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        targets->paths = larger;
        *ret = &larger[targets->n_paths++];
        **ret = (TargetPath){.path = *path};
        return 0;
}

/* All below @path that the change applies to. That there are none of these is fine, but a path
 * below which there is nothing at all is a slip. */
static int targets_add_below(Targets *targets,
                             sd_bus *bus,
                             const Change *change,
                             const Name *path,
                             Fault *fault) {
        _cleanup_(listing_done) Listing listing = {};
        TargetPath *target;
        int r;

        r = listing_get(&listing, bus, path, fault);
        if (r >= 0)
                r = targets_add_path(targets, path, &target);
        if (r < 0)
                return r;
        if (listing.n_items == 0 && path->text[0]) {
                r = fault_set(fault, FAULT_NO_SUCH_UNIKERNEL, "There is no unikernel below \"%s:\"",
                              path->text);
                fault_hint(fault, "\"albatrossctl list\" shows all there are.");
                return r;
        }

        for (size_t i = 0; i < listing.n_items; i++) {
                Name name;

                if (!change->applies(listing.items[i].state))
                        continue;
                r = name_parse(&name, listing.items[i].name, fault);
                if (r < 0)
                        return r;
                r = names_add(&target->items, &target->n_items, &name);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int targets_add_argument(Targets *targets,
                                sd_bus *bus,
                                const Change *change,
                                const char *text,
                                const Options *options) {
        Fault fault = {};
        Name name;
        int r;

        if (change->applies && target_is_path(text)) {
                r = target_path(&name, text, options, &fault);
                if (r >= 0)
                        r = targets_add_below(targets, bus, change, &name, &fault);
        } else {
                r = target_name(&name, text, options, &fault);
                if (r >= 0)
                        r = names_add(&targets->items, &targets->n_items, &name);
        }
        if (r < 0)
                error_print(&fault, r);
        return r;
}

/* A name that is wrong fails alone, as if the others had been asked for without it. */
static int targets_collect(Targets *targets,
                           sd_bus *bus,
                           const Change *change,
                           const Options *options,
                           Fault *fault) {
        int status = EXIT_SUCCESS, r;

        if (option_given(options, OPTION_ALL)) {
                Name path;

                r = target_default_path(&path, options, fault);
                if (r < 0)
                        return r;
                return targets_add_below(targets, bus, change, &path, fault);
        }

        for (size_t i = 0; i < options->n_args; i++)
                if (targets_add_argument(targets, bus, change, options->args[i], options) < 0)
                        status = EXIT_FAILURE;
        return status;
}

static int append_options(sd_bus_message *request, const Options *options) {
        if (option_given(options, OPTION_RUNTIME))
                return sd_bus_message_append(request, "a{sv}", 1, "UntilBoot", "b", 1);
        if (option_given(options, OPTION_BLOCKS))
                return sd_bus_message_append(request, "a{sv}", 1, "Blocks", "b", 1);
        return sd_bus_message_append(request, "a{sv}", 0);
}

static int make_request(sd_bus_message **ret,
                        sd_bus *bus,
                        const char *method,
                        const Name *name,
                        const Options *options) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        Fault fault = {};
        int r;

        r = call_new(&request, bus, method, &fault);
        if (r >= 0)
                r = sd_bus_message_append(request, "s", name->text);
        if (r >= 0)
                r = append_options(request, options);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(request);
        return 0;
}

static void print_done(const Name *name, const Options *options) {
        char text[NAME_MAX_LENGTH + 2];

        target_text(name->text, options, text);
        if (!option_given(options, OPTION_QUIET))
                puts(text);
}

/* Returns the exit status that is due to this one. */
static int finish_one(Call *call, const Name *name, const Options *options) {
        Fault fault = {};
        int r;

        r = call_wait(call, &fault);
        if (r < 0) {
                error_print(&fault, r);
                return EXIT_FAILURE;
        }

        print_done(name, options);
        return EXIT_SUCCESS;
}

static int run_pipelined(const Change *change,
                         sd_bus *bus,
                         const Targets *targets,
                         const Options *options,
                         Fault *fault) {
        Call calls[N_PIPELINED] = {};
        size_t n_sent = 0, n_done = 0, n_window = N_PIPELINED;
        int status = EXIT_SUCCESS, r = 0;

        /* Who may be asked for a password is asked for one at a time. */
        if (agent_wanted(options))
                n_window = 1;

        while (r >= 0 && n_done < targets->n_items) {
                if (n_sent < targets->n_items && n_sent - n_done < n_window) {
                        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;

                        r = make_request(&request, bus, change->method, &targets->items[n_sent],
                                         options);
                        if (r >= 0)
                                r = call_send(&calls[n_sent % N_PIPELINED], bus, request,
                                              CALL_PATIENTLY, fault);
                        n_sent++;
                        continue;
                }
                if (finish_one(&calls[n_done % N_PIPELINED], &targets->items[n_done], options) != 0)
                        status = EXIT_FAILURE;
                call_done(&calls[n_done % N_PIPELINED]);
                n_done++;
        }

        for (size_t i = 0; i < N_PIPELINED; i++)
                call_done(&calls[i]);
        return r < 0 ? r : status;
}

/* What the daemon says of one that failed: a message, and perhaps a hint on a second line. */
static void print_failure(const char *message) {
        const char *end = strchrnul(message, '\n');
        Fault fault = {};
        int r;

        r = fault_set(&fault, FAULT_FAILED, "%.*s", (int) (end - message), message);
        if (*end)
                fault_hint(&fault, "%s", end + 1);
        error_print(&fault, r);
}

/* The names that failed, one after the other, into @failed. */
static int read_failures(Strings *failed, sd_bus_message *reply) {
        const char *name, *message;
        int r;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "(ss)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(ss)", &name, &message)) > 0) {
                print_failure(message);
                r = strings_append(failed, name);
        }
        return r;
}

static bool has_failed(const Strings *failed, const Name *name) {
        for (const char *text = NULL; (text = strings_next(failed, text));)
                if (strcmp(text, name->text) == 0)
                        return true;
        return false;
}

/* Returns the exit status. */
static int run_path(const Change *change,
                    sd_bus *bus,
                    const TargetPath *target,
                    const Options *options,
                    Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL, *reply = NULL;
        _cleanup_(strings_clear) Strings failed = {};
        int r;

        r = make_request(&request, bus, change->path_method, &target->path, options);
        if (r >= 0)
                r = call_now(&reply, bus, request, CALL_PATIENTLY, fault);
        if (r < 0)
                return r;
        r = read_failures(&failed, reply);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        for (size_t i = 0; i < target->n_items; i++)
                if (!has_failed(&failed, &target->items[i]))
                        print_done(&target->items[i], options);
        return failed.size > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void print_would(const Change *change, const Name *name, const Options *options) {
        char text[NAME_MAX_LENGTH + 2];

        target_text(name->text, options, text);
        printf("Would %s %s%s\n", change->verb, text,
               option_given(options, OPTION_BLOCKS) ? " and its block devices" : "");
}

static void print_plan(const Change *change, const Targets *targets, const Options *options) {
        for (size_t k = 0; k < targets->n_paths; k++)
                for (size_t i = 0; i < targets->paths[k].n_items; i++)
                        print_would(change, &targets->paths[k].items[i], options);
        for (size_t i = 0; i < targets->n_items; i++)
                print_would(change, &targets->items[i], options);
}

static int check_arguments(const Change *change, const Options *options, Fault *fault) {
        bool all = option_given(options, OPTION_ALL);

        if (all == (options->n_args > 0))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 all ? "Both --all and names are given, %s takes one of them"
                                     : "Nothing is named to %s; name unikernels, a path such as "
                                       "\"alice:\", or --all",
                                 change->verb);
        return 0;
}

int change_run(const Change *change, const Options *options, Fault *fault) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(targets_done) Targets targets = {};
        int status, r;

        r = check_arguments(change, options, fault);
        if (r < 0)
                return r;
        r = connect_bus(&bus, options, fault);
        if (r < 0)
                return r;
        status = targets_collect(&targets, bus, change, options, fault);
        if (status < 0)
                return status;

        if (option_given(options, OPTION_DRY_RUN)) {
                print_plan(change, &targets, options);
                return status;
        }
        for (size_t i = 0; i < targets.n_paths; i++) {
                r = run_path(change, bus, &targets.paths[i], options, fault);
                if (r < 0)
                        return r;
                status = MAX_OF(status, r);
        }
        r = run_pipelined(change, bus, &targets, options, fault);
        return r < 0 ? r : MAX_OF(r, status);
}
