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

/* So many calls are on their way at once: enough to keep the daemon busy, and below what it lets
 * one user queue. */
#define N_PIPELINED 32

typedef struct Target {
        Name name;
        bool found; /* below a path, not named: that it is gone meanwhile is no failure */
} Target;

typedef struct Targets {
        Target *items;
        size_t n_items;
} Targets;

static void targets_done(Targets *targets) {
        free(targets->items);
}

static int targets_add(Targets *targets, const Name *name, bool found) {
        Target *larger;

        larger = reallocarray(targets->items, targets->n_items + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        targets->items = larger;
        larger[targets->n_items++] = (Target){.name = *name, .found = found};
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
        int r;

        r = listing_get(&listing, bus, path, fault);
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
                r = targets_add(targets, &name, true);
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
                        r = targets_add(targets, &name, false);
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

static int send_one(Call *call, sd_bus *bus, const char *method, const Name *name, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        int r;

        r = call_new(&request, bus, method, fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "sa{sv}", name->text, 0);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        return call_send(call, bus, request, CALL_PATIENTLY, fault);
}

/* Returns the exit status that is due to this one. */
static int finish_one(Call *call, const Target *target, const Options *options) {
        char text[NAME_MAX_LENGTH + 2];
        Fault fault = {};
        int r;

        r = call_wait(call, &fault);
        if (r < 0 && target->found && fault.code == FAULT_NO_SUCH_UNIKERNEL)
                return EXIT_SUCCESS;
        if (r < 0) {
                error_print(&fault, r);
                return EXIT_FAILURE;
        }

        target_text(target->name.text, options, text);
        if (!option_given(options, OPTION_QUIET))
                puts(text);
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
                        r = send_one(&calls[n_sent % N_PIPELINED], bus, change->method,
                                     &targets->items[n_sent].name, fault);
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
                for (size_t i = 0; i < targets.n_items; i++)
                        printf("Would %s %s\n", change->verb, targets.items[i].name.text);
                return status;
        }
        r = run_pipelined(change, bus, &targets, options, fault);
        return r < 0 ? r : MAX_OF(r, status);
}
