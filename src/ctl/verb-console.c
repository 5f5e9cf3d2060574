/* SPDX-License-Identifier: ISC */

/* console NAME... (or logs) */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/call.h"
#include "ctl/colour.h"
#include "ctl/connect.h"
#include "ctl/console.h"
#include "ctl/human.h"
#include "ctl/pager.h"
#include "ctl/properties.h"
#include "ctl/target.h"
#include "ctl/verb.h"

#define N_STREAMS_MAX    256
#define N_LINES_FOLLOWED 10

/* A daemon that is restarted is waited for: so often, with such pauses. */
#define N_TRIES    120
#define PAUSE_USEC 250000

/* The console of one unikernel. */
typedef struct Stream {
        Name name;
        char text[NAME_MAX_LENGTH + 2];
        const char *colour; /* of its name; NULL: none */
        Call call;
        int fd;
        ExportReader reader;
        ExportEntry entry;
        bool has_entry;
        uint64_t last_usec; /* of the line that was shown last; before one was, of the opening */
        bool is_resumed;    /* and nothing has come since */
} Stream;

typedef struct Streams {
        Stream *items;
        size_t n_items;
} Streams;

static void stream_close(Stream *stream) {
        call_done(&stream->call);
        export_done(&stream->reader);
        stream->fd = fd_close(stream->fd);
}

static void streams_done(Streams *streams) {
        for (size_t i = 0; i < streams->n_items; i++)
                stream_close(&streams->items[i]);
        free(streams->items);
}

static ConsoleRequest make_request(const Options *options) {
        ConsoleRequest request = {
                .follow = option_given(options, OPTION_FOLLOW),
                .n_lines = LINES_ALL,
                .since_usec = options->since_usec,
                .until_usec = options->until_usec,
        };

        /* Who follows wants to see what comes, and only a little of what was. */
        if (option_given(options, OPTION_LINES))
                request.n_lines = options->n_lines;
        else if (request.follow && !option_given(options, OPTION_SINCE))
                request.n_lines = N_LINES_FOLLOWED;
        return request;
}

static int stream_ask(Stream *stream, sd_bus *bus, const ConsoleRequest *request, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = console_request(&message, bus, &stream->name, request, fault);
        if (r < 0)
                return r;
        return call_send(&stream->call, bus, message, CALL_PATIENTLY, fault);
}

static int stream_open(Stream *stream, Fault *fault) {
        int r;

        r = call_wait(&stream->call, fault);
        if (r < 0)
                return r;
        r = console_answer(stream->call.reply, &stream->fd, fault);
        if (r < 0)
                return r;
        stream->reader.fd = stream->fd;
        return 0;
}

static int streams_open(Streams *streams, sd_bus *bus, const Options *options, Fault *fault) {
        bool colours = options->n_args > 1 && colour_wanted();
        ConsoleRequest request = make_request(options);
        int r;

        if (options->n_args > N_STREAMS_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%zu consoles are asked for, at most %d can be shown at once",
                                 options->n_args, N_STREAMS_MAX);
        streams->items = calloc(options->n_args, sizeof(*streams->items));
        if (!streams->items)
                return -ENOMEM;

        for (size_t i = 0; i < options->n_args; i++) {
                Stream *stream = &streams->items[i];

                stream->fd = -1;
                stream->last_usec = human_now();
                streams->n_items++;
                r = target_name(&stream->name, options->args[i], options, fault);
                if (r < 0)
                        return r;
                target_text(stream->name.text, options, stream->text);
                if (colours)
                        stream->colour = colour_of_place(i);
                r = stream_ask(stream, bus, &request, fault);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < streams->n_items; i++) {
                r = stream_open(&streams->items[i], fault);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int stream_print(Stream *stream, const Options *options) {
        const ConsoleStyle style = {
                .output = options->output,
                .raw = option_given(options, OPTION_RAW),
                .name = stream->text,
                .colour = stream->colour,
                .normal = colour_sequence(COLOUR_NORMAL, true),
                .is_alone = options->n_args == 1,
        };

        stream->has_entry = false;
        stream->is_resumed = false;
        stream->last_usec = console_entry_usec(&stream->entry);
        return console_print(stdout, &stream->entry, &style);
}

/* All there is, in the order of its time. */
static int print_merged(Streams *streams, const Options *options, Fault *fault) {
        int r;

        for (;;) {
                Stream *oldest = NULL;

                for (size_t i = 0; i < streams->n_items; i++) {
                        Stream *stream = &streams->items[i];

                        if (!stream->has_entry) {
                                r = export_next(&stream->reader, &stream->entry);
                                if (r < 0)
                                        return console_fault(fault, stream->text, r);
                                stream->has_entry = r > 0;
                        }
                        if (stream->has_entry &&
                            (!oldest || console_entry_usec(&stream->entry) <
                                                console_entry_usec(&oldest->entry)))
                                oldest = stream;
                }
                if (!oldest)
                        return 0;
                r = stream_print(oldest, options);
                if (r < 0)
                        return r;
                /* Nobody reads on, so there is nothing left to do. */
                if (ferror(stdout))
                        return 0;
        }
}

/* Reads once and prints what is whole. */
static int stream_follow(Stream *stream, const Options *options, Fault *fault) {
        int r;

        /* A line that its end cut in two is read again as a whole, should it go on. */
        r = export_fill(&stream->reader);
        if (r < 0 && !stream->reader.at_end)
                return console_fault(fault, stream->text, r);
        while ((r = export_take(&stream->reader, &stream->entry)) > 0) {
                r = stream_print(stream, options);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return console_fault(fault, stream->text, r);
        fflush(stdout);
        return 0;
}

/* Asks again for what is followed, behind what was shown. 1: it goes on, 0: it has ended. */
static int stream_ask_again(Stream *stream, sd_bus *bus, Fault *fault) {
        const ConsoleRequest request = {
                .follow = true,
                .n_lines = LINES_ALL,
                .since_usec = stream->last_usec + 1,
        };
        _cleanup_(json_decrefp) json_t *properties = NULL;
        const char *state;
        int r;

        r = properties_get(&properties, bus, &stream->name, fault);
        if (r < 0)
                return fault->code == FAULT_NO_SUCH_UNIKERNEL ? 0 : r;
        state = properties_string(properties, "State");
        if (strcmp(state, "stopped") == 0 || strcmp(state, "failed") == 0)
                return 0;

        stream_close(stream);
        r = stream_ask(stream, bus, &request, fault);
        if (r >= 0)
                r = stream_open(stream, fault);
        return r < 0 ? r : 1;
}

/* The pipe has ended: with the unikernel, or with a daemon that is restarted, and then it is waited
 * for. */
static int stream_resume(Stream *stream, sd_bus **bus, const Options *options, Fault *fault) {
        int r = 0;

        /* Should it end as soon as it is opened, that must not go on at full speed. */
        if (stream->is_resumed)
                usleep(PAUSE_USEC);
        stream->is_resumed = true;

        for (unsigned i = 0; i < N_TRIES; i++) {
                r = 0;
                if (!*bus)
                        r = connect_bus(bus, options, fault);
                if (r >= 0)
                        r = stream_ask_again(stream, *bus, fault);
                if (r >= 0 || fault->code == FAULT_NOT_AUTHORIZED)
                        return MIN_OF(r, 0);
                *bus = sd_bus_close_unref(*bus);
                usleep(PAUSE_USEC);
        }
        return r;
}

/* Fills @polled; false when all have ended. poll() passes over negative descriptors. */
static bool streams_poll(const Streams *streams, struct pollfd *polled) {
        bool open = false;

        for (size_t i = 0; i < streams->n_items; i++) {
                polled[i].fd = streams->items[i].reader.at_end ? -1 : streams->items[i].fd;
                polled[i].events = POLLIN;
                open = open || polled[i].fd >= 0;
        }
        return open;
}

/* As it comes, until all have ended. */
static int print_followed(Streams *streams, sd_bus **bus, const Options *options, Fault *fault) {
        struct pollfd polled[N_STREAMS_MAX];
        int r;

        while (streams_poll(streams, polled) && !ferror(stdout)) {
                if (poll(polled, streams->n_items, -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                for (size_t i = 0; i < streams->n_items; i++) {
                        Stream *stream = &streams->items[i];

                        if (polled[i].fd < 0 || !polled[i].revents)
                                continue;
                        r = stream_follow(stream, options, fault);
                        if (r >= 0 && stream->reader.at_end)
                                r = stream_resume(stream, bus, options, fault);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int verb_console(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(streams_done) Streams streams = {};
        _cleanup_(pager_stop) Pager pager = PAGER_NONE;
        int r;

        r = connect_bus(&bus, options, fault);
        if (r < 0)
                return r;
        r = streams_open(&streams, bus, options, fault);
        if (r < 0)
                return r;
        /* The pipes are all there is to wait for; nobody would read what the bus brings. */
        bus = sd_bus_flush_close_unref(bus);
        if (option_given(options, OPTION_FOLLOW))
                return print_followed(&streams, &bus, options, fault);

        pager = pager_start(options);
        return print_merged(&streams, options, fault);
}
