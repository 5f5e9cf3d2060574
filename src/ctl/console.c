/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/number.h"
#include "ctl/console.h"
#include "ctl/error.h"
#include "ctl/escape.h"
#include "ctl/json.h"

/* A reader that ends so soon, so often, without a line, will go on like that. */
#define BREAK_USEC   1000000U
#define N_BREAKS_MAX 20

static int append_option(sd_bus_message *message, const char *key, bool given, uint64_t value) {
        if (!given)
                return 0;
        return sd_bus_message_append(message, "{sv}", key, "t", value);
}

static int append_flag(sd_bus_message *message, const char *key, bool value) {
        if (!value)
                return 0;
        return sd_bus_message_append(message, "{sv}", key, "b", 1);
}

static int append_options(sd_bus_message *message, const ConsoleRequest *request) {
        int r;

        r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        r = append_flag(message, "Follow", request->follow);
        if (r < 0)
                return r;
        r = append_flag(message, "LastRun", request->last_run);
        if (r < 0)
                return r;
        r = append_option(message, "Lines", request->n_lines != LINES_ALL, request->n_lines);
        if (r < 0)
                return r;
        r = append_option(message, "Since", request->since_usec, request->since_usec);
        if (r < 0)
                return r;
        r = append_option(message, "Until", request->until_usec < UINT64_MAX, request->until_usec);
        if (r >= 0 && request->after)
                r = sd_bus_message_append(message, "{sv}", "After", "s", request->after);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(message);
}

int console_request(sd_bus_message **ret,
                    sd_bus *bus,
                    const Name *name,
                    const ConsoleRequest *request,
                    Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = call_new(&message, bus, "OpenConsole", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "s", name->text);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        r = append_options(message, request);
        if (r >= 0)
                r = sd_bus_message_set_auto_start(message, !request->again);
        if (r < 0)
                return error_from_bus(fault, NULL, r);

        *ret = TAKE_PTR(message);
        return 0;
}

int console_answer(sd_bus_message *reply, int *ret_fd, Fault *fault) {
        int fd, copy, r;

        r = sd_bus_message_read(reply, "h", &fd);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (copy < 0)
                return -errno;

        *ret_fd = copy;
        return 0;
}

void console_stream_close(ConsoleStream *stream) {
        int fd = stream->reader.fd;

        export_done(&stream->reader);
        fd_close(fd);
}

int console_stream_open(ConsoleStream *stream, sd_bus_message *reply, Fault *fault) {
        int fd, r;

        r = console_answer(reply, &fd, fault);
        if (r < 0)
                return r;
        console_stream_close(stream);
        stream->reader.fd = fd;
        stream->is_whole = stream->has_come = false;
        stream->opened_usec = clock_usec(CLOCK_MONOTONIC);
        return 0;
}

int console_stream_broke(ConsoleStream *stream, const char *name, Fault *fault) {
        if (stream->has_come || clock_usec(CLOCK_MONOTONIC) > stream->opened_usec + BREAK_USEC)
                stream->n_breaks = 0;
        if (++stream->n_breaks > N_BREAKS_MAX)
                return fault_set(fault, FAULT_FAILED,
                                 "The console of \"%s\" breaks off again and again", name);
        return stream->n_breaks > 1;
}

ConsoleRequest console_stream_rest(const ConsoleStream *stream, const ConsoleRequest *first) {
        ConsoleRequest rest = *first;

        rest.again = stream->opened_usec > 0;
        if (stream->cursor[0]) {
                rest.after = stream->cursor;
                rest.n_lines = LINES_ALL;
        }
        return rest;
}

static void note_cursor(ConsoleStream *stream, const ExportEntry *entry) {
        const ExportField *field = export_find(entry, "__CURSOR");

        if (!field || field->value_size > CURSOR_MAX)
                return;
        memcpy(stream->cursor, field->value, field->value_size);
        stream->cursor[field->value_size] = '\0';
}

int console_stream_take(ConsoleStream *stream, ExportEntry *ret) {
        int r;

        while ((r = export_take(&stream->reader, ret)) > 0) {
                note_cursor(stream, ret);
                if (export_find(ret, "__END"))
                        stream->is_whole = true;
                else if (export_find(ret, "__REALTIME_TIMESTAMP")) {
                        stream->has_come = true;
                        return 1;
                }
        }
        return r;
}

int console_stream_fill(ConsoleStream *stream) {
        int r;

        r = export_fill(&stream->reader);
        return r < 0 && stream->reader.at_end ? 0 : r;
}

int console_stream_next(ConsoleStream *stream, ExportEntry *ret) {
        int r;

        for (;;) {
                r = console_stream_take(stream, ret);
                if (r != 0 || stream->reader.at_end)
                        return r;
                r = console_stream_fill(stream);
                if (r < 0)
                        return r;
        }
}

uint64_t console_entry_usec(const ExportEntry *entry) {
        const ExportField *field = export_find(entry, "__REALTIME_TIMESTAMP");
        char digits[21];
        uint64_t usec;

        if (!field || field->value_size >= sizeof(digits))
                return 0;
        memcpy(digits, field->value, field->value_size);
        digits[field->value_size] = '\0';
        return number_parse(digits, UINT64_MAX, &usec) < 0 ? 0 : usec;
}

static void print_time(FILE *out, uint64_t usec, ConsoleOutput output) {
        time_t sec = (time_t) (usec / 1000000);
        struct tm local;
        char text[64];

        if (!localtime_r(&sec, &local))
                return;
        if (output == CONSOLE_SHORT_ISO)
                strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z ", &local);
        else
                strftime(text, sizeof(text), "%b %d %H:%M:%S ", &local);
        fputs(text, out);
}

static bool has_value(const ExportEntry *entry, const char *name, const char *value) {
        const ExportField *field = export_find(entry, name);

        return field && field->value_size == strlen(value) &&
               memcmp(field->value, value, field->value_size) == 0;
}

/* journald ends a line also at a NUL, which was the guest's, and in the middle of one that is too
 * long for it. */
static void print_end(FILE *out, const ExportEntry *entry, const ConsoleStyle *style) {
        bool is_joined = style->is_alone && style->output == CONSOLE_CAT;
        bool is_nul = has_value(entry, "_LINE_BREAK", "nul");

        if (is_nul && style->raw)
                putc('\0', out);
        else if (is_nul)
                fputs("\\x00", out);
        if (!is_joined || (!is_nul && !has_value(entry, "_LINE_BREAK", "line-max")))
                putc('\n', out);
}

/* That it has left lines out, and how many. */
static void print_notice(FILE *out, const ExportField *message) {
        fputs("-- ", out);
        escape_write(out, message->value, message->value_size, ESCAPE_LINE);
        fputs(" --\n", out);
}

int console_print(FILE *out, const ExportEntry *entry, const ConsoleStyle *style) {
        const ExportField *message = export_find(entry, "MESSAGE");
        bool is_notice = message && has_value(entry, "_TRANSPORT", "driver");

        if (style->output == CONSOLE_JSON)
                return json_print_entry(out, entry);

        if (style->output != CONSOLE_CAT) {
                print_time(out, console_entry_usec(entry), style->output);
                if (!is_notice)
                        fprintf(out, "%s%s:%s ", style->colour ? style->colour : "", style->name,
                                style->colour ? style->normal : "");
        }
        if (is_notice) {
                print_notice(out, message);
                return 0;
        }
        if (message && style->raw)
                fwrite(message->value, 1, message->value_size, out);
        else if (message)
                escape_write(out, message->value, message->value_size,
                             style->output == CONSOLE_CAT ? ESCAPE_TEXT : ESCAPE_LINE);
        print_end(out, entry, style);
        return 0;
}

int console_fault(Fault *fault, const char *name, int r) {
        if (r == -EBADMSG)
                return fault_set(fault, FAULT_FAILED,
                                 "What albatrossd hands out as the console of \"%s\" ends or "
                                 "breaks off in the middle",
                                 name);
        if (r == -EMSGSIZE)
                return fault_set(fault, FAULT_FAILED,
                                 "The console of \"%s\" has a line of more than %u bytes or %u "
                                 "fields",
                                 name, EXPORT_ENTRY_MAX, EXPORT_FIELDS_MAX);
        return fault_set(fault, FAULT_FAILED, "The console of \"%s\" can't be read: %s", name,
                         strerror(-r));
}
