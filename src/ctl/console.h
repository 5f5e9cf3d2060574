/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What a unikernel has printed: asked of the daemon, which answers with the reading end of a pipe,
 * and shown line by line.
 */

#include <stdio.h>
#include <systemd/sd-bus.h>

#include "ctl/call.h"
#include "ctl/export.h"
#include "ctl/options.h"
#include "domain/name.h"

typedef struct ConsoleRequest {
        bool follow, last_run;
        uint64_t n_lines;                /* LINES_ALL: no limit */
        uint64_t since_usec, until_usec; /* 0: no limit */
} ConsoleRequest;

/* A message that asks for it. The caller owns *@ret. */
int console_request(sd_bus_message **ret,
                    sd_bus *bus,
                    const Name *name,
                    const ConsoleRequest *request,
                    Fault *fault);

/* Takes the descriptor out of the answer, which the caller owns then. */
int console_answer(sd_bus_message *reply, int *ret_fd, Fault *fault);

typedef struct ConsoleStyle {
        ConsoleOutput output;
        bool raw;
        const char *name;            /* what stands before each line in the short forms */
        const char *colour, *normal; /* that it is shown in, and what ends that; NULL: none */
        bool is_alone; /* nothing comes between its entries: what journald has cut is joined */
} ConsoleStyle;

/* Prints one entry as a line. What journald says itself stands between dashes, where a guest's
 * lines have their name. */
int console_print(FILE *out, const ExportEntry *entry, const ConsoleStyle *style);

/* When it was written; 0 when the entry does not say. */
uint64_t console_entry_usec(const ExportEntry *entry);

/* Sets @fault for what export_take() and export_fill() return. */
int console_fault(Fault *fault, const char *name, int r);
