/* SPDX-License-Identifier: ISC */
#pragma once

/* What status shows: of one unikernel, and of the host. */

#include <jansson.h>
#include <systemd/sd-bus.h>

#include "ctl/console.h"
#include "ctl/options.h"

/* All that is said about one unikernel. */
typedef struct Report {
        const Options *options;
        bool colours;
        Name name;
        char text[NAME_MAX_LENGTH + 2];
        json_t *properties;
        json_t *private;       /* NULL: not ours to see */
        json_t *statistics;    /* NULL: it does not run */
        ConsoleStream console; /* at its end: not ours to see */
} Report;

/* Takes what is in the console. */
void report_print(Report *report);

/* What it costs: CPU time, memory and disk; then its networks, with what has passed them. */
void report_print_costs(const Report *report);
void report_print_networks(const Report *report);

/* "         Key: value". */
void status_row(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns the exit status, or a negative errno with @fault filled. */
int status_host(const Options *options, sd_bus *bus, Fault *fault);
