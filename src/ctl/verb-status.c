/* SPDX-License-Identifier: ISC */

/* status [NAME...]: how unikernels are, or how the host is. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/colour.h"
#include "ctl/connect.h"
#include "ctl/console.h"
#include "ctl/error.h"
#include "ctl/inspection.h"
#include "ctl/pager.h"
#include "ctl/properties.h"
#include "ctl/status.h"
#include "ctl/target.h"
#include "ctl/verb.h"

#define STATUS_NOT_RUNNING 3
#define STATUS_UNKNOWN     4
#define N_LINES            10

static void report_done(Report *report) {
        json_decref(report->properties);
        json_decref(report->private);
        json_decref(report->statistics);
        console_stream_close(&report->console);
}

static int ask_console(Call *call, sd_bus *bus, const Name *name, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        const ConsoleRequest request = {.n_lines = N_LINES, .until_usec = UINT64_MAX};
        int r;

        r = console_request(&message, bus, name, &request, fault);
        if (r < 0)
                return r;
        r = sd_bus_message_set_allow_interactive_authorization(message, false);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        return call_send(call, bus, message, CALL_DEFAULT, fault);
}

static int ask_statistics(Call *call, sd_bus *bus, const Name *name, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = call_new(&message, bus, "GetStatistics", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "s", name->text);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        return call_send(call, bus, message, CALL_DEFAULT, fault);
}

/* The figures of that one, which is left out when it does not run. */
static void take_statistics(Report *report, Call *call) {
        _cleanup_(json_decrefp) json_t *all = NULL;
        Fault refused = {};
        json_t *item;
        size_t i;

        if (call_wait(call, &refused) < 0 || json_from_entries(&all, call->reply, "Name") < 0)
                return;
        json_array_foreach(all, i, item) {
                if (strcmp(properties_string(item, "Name"), report->name.text) != 0)
                        continue;
                json_object_del(item, "Name");
                report->statistics = json_incref(item);
        }
}

/* Asks everything at once; of what is not ours to see, nothing is said. */
static int report_fill(Report *report, sd_bus *bus, Fault *fault) {
        _cleanup_(call_done) Call properties = {}, inspection = {}, statistics = {}, console = {};
        Fault refused = {};
        int r;

        r = properties_ask(&properties, bus, &report->name, fault);
        if (r < 0)
                return r;
        r = inspection_ask(&inspection, bus, &report->name, false, fault);
        if (r < 0)
                return r;
        r = ask_statistics(&statistics, bus, &report->name, fault);
        if (r < 0)
                return r;
        if (report->options->json == JSON_OFF) {
                r = ask_console(&console, bus, &report->name, fault);
                if (r < 0)
                        return r;
        }

        r = properties_answer(&report->properties, &properties, &report->name, fault);
        if (r < 0)
                return r;
        if (inspection_answer(&report->private, &inspection, &refused) < 0)
                report->private = NULL;
        take_statistics(report, &statistics);
        if (report->options->json == JSON_OFF && call_wait(&console, &refused) >= 0)
                return console_stream_open(&report->console, console.reply, fault);
        return 0;
}

/* Returns the exit status that is due to this one. */
static int report_one(Report *report, sd_bus *bus, const char *text, json_t *array) {
        Fault fault = {};
        int r;

        r = target_name(&report->name, text, report->options, &fault);
        if (r >= 0) {
                target_text(report->name.text, report->options, report->text);
                r = report_fill(report, bus, &fault);
        }
        if (r < 0) {
                error_print(&fault, r);
                return fault.code == FAULT_NO_SUCH_UNIKERNEL ? STATUS_UNKNOWN : EXIT_FAILURE;
        }

        if (array) {
                if (report->private && json_object_update(report->properties, report->private) < 0)
                        return EXIT_FAILURE;
                if (report->statistics &&
                    json_object_set(report->properties, "Statistics", report->statistics) < 0)
                        return EXIT_FAILURE;
                if (json_array_append(array, report->properties) < 0)
                        return EXIT_FAILURE;
        } else {
                report_print(report);
        }
        return strcmp(properties_string(report->properties, "State"), "running") == 0
                       ? EXIT_SUCCESS
                       : STATUS_NOT_RUNNING;
}

static int status_unikernels(const Options *options, sd_bus *bus) {
        bool colours = colour_wanted();
        _cleanup_(pager_stop) Pager pager = PAGER_NONE;
        _cleanup_(json_decrefp) json_t *array = NULL;
        int status = EXIT_SUCCESS;

        pager = pager_start(options);
        if (options->json != JSON_OFF) {
                array = json_array();
                if (!array)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < options->n_args; i++) {
                _cleanup_(report_done)
                        Report report = {.options = options,
                                         .colours = colours,
                                         .console.reader = {.fd = -1, .at_end = true}};
                int r;

                if (i > 0 && !array)
                        putchar('\n');
                r = report_one(&report, bus, options->args[i], array);
                status = MAX_OF(status, r);
        }
        if (array && json_print(stdout, array, options->json) < 0)
                return -ENOMEM;
        return status;
}

int verb_status(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = connect_bus(&bus, options, fault);
        if (r < 0)
                return r;
        return options->n_args > 0 ? status_unikernels(options, bus)
                                   : status_host(options, bus, fault);
}
