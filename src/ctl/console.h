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
#include "domain/cursor.h"
#include "domain/name.h"

typedef struct ConsoleRequest {
        bool follow, last_run;
        uint64_t n_lines;                /* LINES_ALL: no limit */
        uint64_t since_usec, until_usec; /* 0 and UINT64_MAX: no limit */
        const char *after;               /* a cursor; NULL: from the first line on */
        bool again;                      /* a daemon that was stopped since is not started */
} ConsoleRequest;

/* A message that asks for it. The caller owns *@ret. */
int console_request(sd_bus_message **ret,
                    sd_bus *bus,
                    const Name *name,
                    const ConsoleRequest *request,
                    Fault *fault);

/* Takes the descriptor out of the answer, which the caller owns then. */
int console_answer(sd_bus_message *reply, int *ret_fd, Fault *fault);

/*
 * What is read from such a descriptor. It ends by saying so; without that it was cut, by the end of
 * the daemon, and can be asked for again from where it was: no line is lost then, none comes twice.
 */
typedef struct ConsoleStream {
        ExportReader reader;
        char cursor[CURSOR_MAX + 1]; /* of what was taken last; "": nothing has come yet */
        bool is_whole;               /* it has said its end */
        bool has_come;               /* a line, since it was opened */
        uint64_t opened_usec;
        unsigned n_breaks; /* in sequence, without a line between them */
} ConsoleStream;

/* Takes the descriptor out of the answer to the first request, or to one for the rest. */
int console_stream_open(ConsoleStream *stream, sd_bus_message *reply, Fault *fault);

/* The request for what is left, after @first. The stream stays as it is, and is referred to. */
ConsoleRequest console_stream_rest(const ConsoleStream *stream, const ConsoleRequest *first);

/* As those of ExportReader, but with lines only, and a line that is cut is not an error. */
int console_stream_take(ConsoleStream *stream, ExportEntry *ret);
int console_stream_fill(ConsoleStream *stream);
int console_stream_next(ConsoleStream *stream, ExportEntry *ret);

/* It has ended and is not whole. 0: ask again at once, 1: after a pause, or a negative errno when
 * it breaks off whenever it is opened. @name is for the message. */
int console_stream_broke(ConsoleStream *stream, const char *name, Fault *fault);

/* Closes the descriptor and frees the buffer; the cursor stays. */
void console_stream_close(ConsoleStream *stream);

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

/* Sets @fault for what taking and filling return. */
int console_fault(Fault *fault, const char *name, int r);
