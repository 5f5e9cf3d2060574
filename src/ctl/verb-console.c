/* SPDX-License-Identifier: ISC */

/* console NAME... (or logs) */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ctl/call.h"
#include "ctl/colour.h"
#include "ctl/connect.h"
#include "ctl/console.h"
#include "ctl/pager.h"
#include "ctl/target.h"
#include "ctl/verb.h"

#define N_STREAMS_MAX    256
#define N_LINES_FOLLOWED 10

/* Asked for at the same time: more of a user's calls than that need not be let to wait. */
#define N_ASKED 16

/* A daemon that is restarted is waited for: so often, with such pauses. */
#define N_TRIES    120
#define PAUSE_USEC 250000

/* The end of a reader of ours is noticed by the daemon a little later: that is waited for so often.
 */
#define N_ROOM_TRIES 20

/* The console of one unikernel. */
typedef struct Stream {
        Name name;
        char text[NAME_MAX_LENGTH + 2];
        const char *colour; /* of its name; NULL: none */
        Call call;
        ConsoleStream console;
        ExportEntry entry;
        bool has_entry;
        bool is_gone; /* whatever else there is, it can't be had */
} Stream;

typedef struct Streams {
        const Options *options;
        ConsoleRequest request;
        sd_bus *bus; /* NULL while the pipes are all there is to wait for */
        Stream *items;
        size_t n_items;
        size_t n_refused;
} Streams;

static void streams_done(Streams *streams) {
        for (size_t i = 0; i < streams->n_items; i++) {
                call_done(&streams->items[i].call);
                console_stream_close(&streams->items[i].console);
        }
        free(streams->items);
        sd_bus_flush_close_unref(streams->bus);
}

static ConsoleRequest make_request(const Options *options) {
        ConsoleRequest request = {
                .follow = option_given(options, OPTION_FOLLOW),
                .n_lines = LINES_ALL,
                .since_usec = options->since_usec,
                .until_usec = UINT64_MAX,
        };

        if (option_given(options, OPTION_UNTIL))
                request.until_usec = options->until_usec;
        /* Who follows wants to see what comes, and only a little of what was. */
        if (option_given(options, OPTION_LINES))
                request.n_lines = options->n_lines;
        else if (request.follow && !option_given(options, OPTION_SINCE))
                request.n_lines = N_LINES_FOLLOWED;
        return request;
}

/* --- asking --- */

/* For all of it or, after a break, for what is behind that which has come. */
static int stream_ask(Streams *streams, Stream *stream, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        const ConsoleRequest rest = console_stream_rest(&stream->console, &streams->request);
        int r;

        call_done(&stream->call);
        r = console_request(&message, streams->bus, &stream->name, &rest, fault);
        if (r < 0)
                return r;
        return call_send(&stream->call, streams->bus, message, CALL_PATIENTLY, fault);
}

static int stream_open(Stream *stream, Fault *fault) {
        int r;

        r = call_wait(&stream->call, fault);
        if (r >= 0)
                r = console_stream_open(&stream->console, stream->call.reply, fault);
        call_done(&stream->call);
        return r;
}

/* Puts what the pipe still holds into a file in its place, so that its reader ends. */
static int stream_spool(Stream *stream) {
        _cleanup_(file_closep) FILE *file = tmpfile();
        ExportReader *reader = &stream->console.reader;
        char piece[65536];
        ssize_t n;
        int fd, r;

        if (!file)
                return -errno;
        while ((n = read(reader->fd, piece, sizeof(piece))) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                r = n < 0 ? -errno : file_write_all(fileno(file), piece, (size_t) n);
                if (r < 0)
                        return r;
        }
        if (lseek(fileno(file), 0, SEEK_SET) < 0)
                return -errno;
        fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return -errno;
        fd_close(reader->fd);
        reader->fd = fd;
        return 0;
}

/* A user can have so many readers: those that are there are read to their end, for others to come.
 */
static int make_room(Streams *streams, Fault *fault) {
        int r;

        for (size_t i = 0; i < streams->n_items; i++) {
                Stream *stream = &streams->items[i];
                struct stat st;

                if (stream->console.reader.fd < 0 || stream->console.reader.at_end ||
                    fstat(stream->console.reader.fd, &st) < 0 || !S_ISFIFO(st.st_mode))
                        continue;
                r = stream_spool(stream);
                if (r < 0)
                        return fault_set(fault, FAULT_FAILED,
                                         "What %s has printed can't be put aside: %s", stream->text,
                                         strerror(-r));
        }
        return 0;
}

/* As one of too many, which all are to be shown: in turns. */
static int stream_open_in_turn(Streams *streams, Stream *stream, Fault *fault) {
        int r = 0;

        for (unsigned i = 0; i < N_ROOM_TRIES; i++) {
                r = stream_ask(streams, stream, fault);
                if (r >= 0)
                        r = stream_open(stream, fault);
                if (r >= 0 || fault->code != FAULT_TOO_MANY_REQUESTS)
                        return r;
                /* Should somebody else of that user have them, he may let one go. */
                if (i > 0)
                        usleep(PAUSE_USEC);
                else if (make_room(streams, fault) < 0)
                        return -EIO;
        }
        return r;
}

/* What is followed never ends, so who comes too late does not have his turn. */
static void stream_refuse(Streams *streams, Stream *stream, const Fault *fault) {
        fprintf(stderr, "%s is not followed: %s.\n", stream->text, fault->message);
        stream->is_gone = true;
        streams->n_refused++;
}

/* Answers of up to N_ASKED, of which the first is @first. */
static int streams_open_some(Streams *streams, size_t first, Fault *fault) {
        size_t end = MIN_OF(first + N_ASKED, streams->n_items);
        bool follow = streams->request.follow;
        int r;

        for (size_t i = first; i < end; i++) {
                r = stream_ask(streams, &streams->items[i], fault);
                if (r < 0)
                        return r;
        }
        for (size_t i = first; i < end; i++) {
                r = stream_open(&streams->items[i], fault);
                if (r >= 0)
                        continue;
                if (fault->code != FAULT_TOO_MANY_REQUESTS || streams->n_items == 1)
                        return r;
                if (follow)
                        stream_refuse(streams, &streams->items[i], fault);
                else
                        r = stream_open_in_turn(streams, &streams->items[i], fault);
                if (r < 0 && (!follow || streams->n_refused == streams->n_items))
                        return r;
        }
        return 0;
}

/* Who names one twice, by a pattern of the shell's, say, wants it once. */
static bool is_asked_for(const Streams *streams, const Name *name) {
        for (size_t i = 0; i < streams->n_items; i++)
                if (strcmp(streams->items[i].name.text, name->text) == 0)
                        return true;
        return false;
}

static int streams_open(Streams *streams, Fault *fault) {
        const Options *options = streams->options;
        bool colours = options->n_args > 1 && colour_wanted();
        int r;

        if (options->n_args > N_STREAMS_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%zu consoles are asked for, at most %d can be shown at once",
                                 options->n_args, N_STREAMS_MAX);
        streams->items = calloc(options->n_args, sizeof(*streams->items));
        if (!streams->items)
                return -ENOMEM;

        for (size_t i = 0; i < options->n_args; i++) {
                Stream *stream = &streams->items[streams->n_items];

                r = target_name(&stream->name, options->args[i], options, fault);
                if (r < 0)
                        return r;
                if (is_asked_for(streams, &stream->name))
                        continue;
                stream->console.reader.fd = -1;
                streams->n_items++;
                target_text(stream->name.text, options, stream->text);
                if (colours)
                        stream->colour = colour_of_place(i);
        }
        for (size_t i = 0; i < streams->n_items; i += N_ASKED) {
                r = streams_open_some(streams, i, fault);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- a pipe that was cut --- */

static int stream_ask_again(Streams *streams, Stream *stream, Fault *fault) {
        int r = 0;

        if (!streams->bus)
                r = connect_again(&streams->bus, streams->options, fault);
        if (r >= 0)
                r = stream_ask(streams, stream, fault);
        if (r >= 0)
                r = stream_open(stream, fault);
        if (r < 0 && fault->code == FAULT_TOO_MANY_REQUESTS && !streams->request.follow)
                r = stream_open_in_turn(streams, stream, fault);
        return r;
}

/* With the daemon, which is waited for, and not started when it was stopped. */
static int stream_resume(Streams *streams, Stream *stream, Fault *fault) {
        int r;

        r = console_stream_broke(&stream->console, stream->text, fault);
        if (r < 0)
                return r;
        if (r > 0)
                usleep(PAUSE_USEC);

        for (unsigned i = 0; i < N_TRIES; i++) {
                *fault = (Fault){};
                r = stream_ask_again(streams, stream, fault);
                if (r >= 0 || fault->code == FAULT_NOT_AUTHORIZED)
                        return r;
                if (fault->code == FAULT_NO_SUCH_UNIKERNEL) {
                        stream->is_gone = true;
                        return 0;
                }
                streams->bus = sd_bus_close_unref(streams->bus);
                usleep(PAUSE_USEC);
        }
        return r;
}

/* --- showing --- */

static int stream_print(const Streams *streams, Stream *stream) {
        const Options *options = streams->options;
        bool as_json = options->json != JSON_OFF && !option_given(options, OPTION_OUTPUT);
        const ConsoleStyle style = {
                .output = as_json ? CONSOLE_JSON : options->output,
                .raw = option_given(options, OPTION_RAW),
                .name = stream->text,
                .colour = stream->colour,
                .normal = colour_sequence(COLOUR_NORMAL, true),
                .is_alone = options->n_args == 1,
        };

        stream->has_entry = false;
        return console_print(stdout, &stream->entry, &style);
}

/* 1: it has one, 0: there is none. */
static int stream_next(Streams *streams, Stream *stream, Fault *fault) {
        int r;

        while (!stream->has_entry && !stream->is_gone) {
                r = console_stream_next(&stream->console, &stream->entry);
                if (r < 0)
                        return console_fault(fault, stream->text, r);
                stream->has_entry = r > 0;
                if (r > 0 || stream->console.is_whole)
                        break;
                r = stream_resume(streams, stream, fault);
                if (r < 0)
                        return r;
        }
        return stream->has_entry;
}

/* All there is, in the order of its time. */
static int print_merged(Streams *streams, Fault *fault) {
        int r;

        for (;;) {
                Stream *oldest = NULL;

                for (size_t i = 0; i < streams->n_items; i++) {
                        Stream *stream = &streams->items[i];

                        r = stream_next(streams, stream, fault);
                        if (r < 0)
                                return r;
                        if (r > 0 && (!oldest || console_entry_usec(&stream->entry) <
                                                         console_entry_usec(&oldest->entry)))
                                oldest = stream;
                }
                if (!oldest)
                        return 0;
                r = stream_print(streams, oldest);
                if (r < 0)
                        return r;
                /* Nobody reads on, so there is nothing left to do. */
                if (ferror(stdout))
                        return 0;
        }
}

/* Reads once and prints what is whole. */
static int stream_follow(Streams *streams, Stream *stream, Fault *fault) {
        int r;

        r = console_stream_fill(&stream->console);
        if (r < 0)
                return console_fault(fault, stream->text, r);
        while ((r = console_stream_take(&stream->console, &stream->entry)) > 0) {
                r = stream_print(streams, stream);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return console_fault(fault, stream->text, r);
        fflush(stdout);
        if (stream->console.reader.at_end && !stream->console.is_whole)
                return stream_resume(streams, stream, fault);
        return 0;
}

/* Fills @polled; false when all have ended. poll() passes over negative descriptors. */
static bool streams_poll(const Streams *streams, struct pollfd *polled) {
        bool open = false;

        for (size_t i = 0; i < streams->n_items; i++) {
                const ExportReader *reader = &streams->items[i].console.reader;

                polled[i].fd = reader->at_end ? -1 : reader->fd;
                polled[i].events = POLLIN;
                open = open || polled[i].fd >= 0;
        }
        return open;
}

/* As it comes, until all have ended. */
static int print_followed(Streams *streams, Fault *fault) {
        struct pollfd polled[N_STREAMS_MAX];
        int r;

        while (streams_poll(streams, polled) && !ferror(stdout)) {
                if (poll(polled, streams->n_items, -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                for (size_t i = 0; i < streams->n_items; i++) {
                        if (polled[i].fd < 0 || !polled[i].revents)
                                continue;
                        r = stream_follow(streams, &streams->items[i], fault);
                        if (r < 0)
                                return r;
                }
        }
        return streams->n_refused > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int verb_console(const Options *options, Fault *fault) {
        _cleanup_(streams_done) Streams streams = {
                .options = options,
                .request = make_request(options),
        };
        _cleanup_(pager_stop) Pager pager = PAGER_NONE;
        int r;

        r = connect_bus(&streams.bus, options, fault);
        if (r < 0)
                return r;
        r = streams_open(&streams, fault);
        if (r < 0)
                return r;
        /* The pipes are all there is to wait for; nobody would read what the bus brings. */
        streams.bus = sd_bus_flush_close_unref(streams.bus);
        if (streams.request.follow)
                return print_followed(&streams, fault);

        pager = pager_start(options);
        return print_merged(&streams, fault);
}
