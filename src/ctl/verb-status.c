/* SPDX-License-Identifier: ISC */

/* status [NAME...]: how unikernels are, or how the host is. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/colour.h"
#include "ctl/connect.h"
#include "ctl/console.h"
#include "ctl/device-word.h"
#include "ctl/ended.h"
#include "ctl/error.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/inspection.h"
#include "ctl/pager.h"
#include "ctl/properties.h"
#include "ctl/target.h"
#include "ctl/verb.h"

#define STATUS_NOT_RUNNING 3
#define STATUS_UNKNOWN     4
#define N_LINES            10

/* All that is said about one unikernel. */
typedef struct Report {
        const Options *options;
        bool colours;
        Name name;
        char text[NAME_MAX_LENGTH + 2];
        json_t *properties;
        json_t *private; /* NULL: not ours to see */
        int console_fd;  /* -1: the same */
} Report;

static void report_done(Report *report) {
        json_decref(report->properties);
        json_decref(report->private);
        fd_close(report->console_fd);
}

static void __attribute__((format(printf, 2, 3)))
print_row(const char *key, const char *format, ...) {
        va_list arguments;

        printf("%12s: ", key);
        va_start(arguments, format);
        vprintf(format, arguments);
        va_end(arguments);
        putchar('\n');
}

static void print_state(const Report *report) {
        const char *state = properties_string(report->properties, "State");
        uint64_t since_usec = properties_number(report->properties, "StateChangeTimestamp");
        uint64_t now_usec = human_now();
        char since[HUMAN_MAX + 1], span[HUMAN_MAX + 1];

        human_time(since_usec, since);
        human_span(now_usec > since_usec ? now_usec - since_usec : 0, span);
        print_row("State", "%s%s%s since %s; %s ago",
                  colour_sequence(colour_of_state(state), report->colours), state,
                  colour_sequence(COLOUR_NORMAL, report->colours), since, span);
}

static void print_last_end(const Report *report) {
        const char *result = properties_string(report->properties, "ExitResult");
        uint64_t when_usec = properties_number(report->properties, "ExitTimestamp");
        char words[ENDED_WORDS_MAX + 1], when[HUMAN_MAX + 1];

        if (!result[0])
                return;
        ended_words(result, (int) properties_number(report->properties, "ExitStatus"), words);
        human_time(when_usec, when);
        print_row("Last end", "%s on %s", words, when);
}

/* "exited with status 9, 3 times, last on ..." */
static void print_exit(const char *key, const json_t *exit) {
        const char *result = json_string_value(json_array_get(exit, 0));
        json_int_t times = json_integer_value(json_array_get(exit, 2));
        json_int_t last_usec = json_integer_value(json_array_get(exit, 4));
        char words[ENDED_WORDS_MAX + 1], when[HUMAN_MAX + 1];

        if (!result)
                return;
        ended_words(result, (int) json_integer_value(json_array_get(exit, 1)), words);
        human_time((uint64_t) last_usec, when);
        if (times > 1)
                print_row(key, "%s, %lld times, last on %s", words, (long long) times, when);
        else
                print_row(key, "%s on %s", words, when);
}

/* The newest is the last end, which may have come several times in a row. */
static void print_exits(const Report *report) {
        const json_t *exits = json_object_get(report->properties, "Exits");

        if (json_array_size(exits) == 0)
                print_last_end(report);
        for (size_t i = 0; i < json_array_size(exits); i++)
                print_exit(i == 0 ? "Last end" : i == 1 ? "Before" : "", json_array_get(exits, i));
}

static void print_restarts(const Report *report) {
        const char *policy = properties_string(report->properties, "RestartPolicy");
        uint64_t next_usec = properties_number(report->properties, "NextRestartTimestamp");
        uint64_t now_usec = human_now();
        char span[HUMAN_MAX + 1];

        print_row("Restarts", "%llu (%s%s)",
                  (unsigned long long) properties_number(report->properties, "Restarts"),
                  strcmp(policy, "no") == 0    ? "it is not started again"
                  : strcmp(policy, "all") == 0 ? "after all ends that may be followed by one"
                                               : "after exit status ",
                  strcmp(policy, "no") == 0 || strcmp(policy, "all") == 0 ? "" : policy);
        if (next_usec == 0)
                return;
        human_span(next_usec > now_usec ? next_usec - now_usec : 0, span);
        print_row("Next start", "in %s", span);
}

static void print_sizes(const Report *report) {
        char memory[HUMAN_MAX + 1], cpus_text[CPUS_TEXT_MAX + 1] = "all";
        Cpus cpus;

        human_size(properties_number(report->properties, "Memory"), memory);
        print_row("Memory", "%s", memory);
        if (properties_cpus(&cpus, json_object_get(report->properties, "CPUs")))
                cpus_format(&cpus, cpus_text);
        print_row("CPUs", "%s", cpus_text);
        print_row("Startup", "%llu",
                  (unsigned long long) properties_number(report->properties, "Startup"));
}

static void print_image(const Report *report) {
        const char *digest = properties_string(report->private, "ImageDigest");
        char size[HUMAN_MAX + 1];

        human_size(properties_number(report->properties, "ImageSize"), size);
        print_row("Image", "%s, %s%s%s", properties_string(report->properties, "Type"), size,
                  digest[0] ? ", sha256 " : "", digest);
}

static void print_devices(const Report *report, const char *field, const char *key) {
        const json_t *devices = json_object_get(report->private, field);
        char word[DEVICE_WORD_SIZE];

        for (size_t i = 0; i < json_array_size(devices); i++) {
                if (!device_word(json_array_get(devices, i), word))
                        continue;
                printf("%12s: ", i == 0 ? key : "");
                escape_write(stdout, word, strlen(word), ESCAPE_LINE);
                putchar('\n');
        }
}

static void print_run(const Report *report) {
        static const struct {
                const char *key, *property;
        } rows[] = {{"Tender", "Tender"}, {"Scope", "Scope"}, {"CGroup", "ControlGroup"}};
        uint64_t pid = properties_number(report->properties, "MainPID");

        if (pid > 0)
                print_row("Main PID", "%llu (uid %llu)", (unsigned long long) pid,
                          (unsigned long long) properties_number(report->properties, "UID"));
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                const char *value = properties_string(report->properties, rows[i].property);

                if (value[0])
                        print_row(rows[i].key, "%s", value);
        }
}

static void print_console(const Report *report) {
        _cleanup_(export_done) ExportReader reader = {.fd = report->console_fd};
        const ConsoleStyle style = {.output = CONSOLE_SHORT, .name = report->text};
        ExportEntry entry;
        bool first = true;

        if (report->console_fd < 0)
                return;
        while (export_next(&reader, &entry) > 0) {
                if (first)
                        putchar('\n');
                first = false;
                console_print(stdout, &entry, &style);
        }
}

static void report_print(const Report *report) {
        const char *state = properties_string(report->properties, "State");

        printf("%s%s%s %s\n", colour_sequence(colour_of_state(state), report->colours),
               colour_has_utf8() ? "●" : "*", colour_sequence(COLOUR_NORMAL, report->colours),
               report->text);
        print_state(report);
        print_exits(report);
        print_restarts(report);
        print_sizes(report);
        print_image(report);
        print_devices(report, "Nets", "Networks");
        print_devices(report, "Blocks", "Blocks");
        print_run(report);
        print_console(report);
}

static int ask_console(Call *call, sd_bus *bus, const Name *name, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        const ConsoleRequest request = {.n_lines = N_LINES};
        int r;

        r = console_request(&message, bus, name, &request, fault);
        if (r < 0)
                return r;
        r = sd_bus_message_set_allow_interactive_authorization(message, false);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        return call_send(call, bus, message, CALL_DEFAULT, fault);
}

/* Asks everything at once; of what is not ours to see, nothing is said. */
static int report_fill(Report *report, sd_bus *bus, Fault *fault) {
        _cleanup_(call_done) Call properties = {}, inspection = {}, console = {};
        Fault refused = {};
        int r;

        r = properties_ask(&properties, bus, &report->name, fault);
        if (r < 0)
                return r;
        r = inspection_ask(&inspection, bus, &report->name, false, fault);
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
        if (report->options->json == JSON_OFF && call_wait(&console, &refused) >= 0)
                return console_answer(console.reply, &report->console_fd, fault);
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
                        Report report = {.options = options, .colours = colours, .console_fd = -1};
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

static void print_tenders(const json_t *tenders) {
        for (size_t i = 0; i < json_array_size(tenders); i++) {
                const json_t *tender = json_array_get(tenders, i);

                print_row(i == 0 ? "Tenders" : "", "%s (%s, ABI version %lld)",
                          json_string_value(json_array_get(tender, 0)),
                          json_string_value(json_array_get(tender, 2)),
                          (long long) json_integer_value(json_array_get(tender, 1)));
        }
        if (json_array_size(tenders) == 0)
                print_row("Tenders", "none");
}

static void print_refused(const json_t *refused, bool colours) {
        for (size_t i = 0; i < json_array_size(refused); i++) {
                const char *reason =
                        json_string_value(json_array_get(json_array_get(refused, i), 1));

                if (!reason)
                        continue;
                printf("%14s%snot used:%s ", "", colour_sequence(COLOUR_BAD, colours),
                       colour_sequence(COLOUR_NORMAL, colours));
                escape_write(stdout, reason, strlen(reason), ESCAPE_LINE);
                putchar('\n');
        }
}

static void print_quarantine(const json_t *quarantine, bool colours) {
        size_t n_files = json_array_size(quarantine);

        if (n_files == 0)
                return;
        print_row("Quarantine", "%s%zu files that could not be read:%s",
                  colour_sequence(COLOUR_BAD, colours), n_files,
                  colour_sequence(COLOUR_NORMAL, colours));
        for (size_t i = 0; i < n_files; i++) {
                const char *name = json_string_value(json_array_get(quarantine, i));

                printf("%14s", "");
                escape_write(stdout, name ? name : "", name ? strlen(name) : 0, ESCAPE_LINE);
                putchar('\n');
        }
}

static void print_host(const json_t *host, bool colours) {
        char used[HUMAN_MAX + 1], all[HUMAN_MAX + 1], cpus_text[CPUS_TEXT_MAX + 1] = "-";
        Cpus cpus;

        print_row("Unikernels", "%llu, %llu running",
                  (unsigned long long) properties_number(host, "NUnikernels"),
                  (unsigned long long) properties_number(host, "NRunning"));
        human_size(properties_number(host, "MemoryUsed"), used);
        human_size(properties_number(host, "Memory"), all);
        print_row("Memory", "%s of %s promised", used, all);
        if (properties_cpus(&cpus, json_object_get(host, "CPUs")))
                cpus_format(&cpus, cpus_text);
        print_row("CPUs", "%s", cpus_text);
        human_size(properties_number(host, "DiskFree"), used);
        human_size(properties_number(host, "DiskSize"), all);
        print_row("Disk", "%s of %s free", used, all);
        print_tenders(json_object_get(host, "Tenders"));
        print_refused(json_object_get(host, "TendersRefused"), colours);
        print_quarantine(json_object_get(host, "Quarantine"), colours);
}

static int status_host(const Options *options, sd_bus *bus, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL, *reply = NULL;
        _cleanup_(json_decrefp) json_t *host = NULL;
        int r;

        r = call_new(&request, bus, "GetHost", fault);
        if (r < 0)
                return r;
        r = call_now(&reply, bus, request, CALL_DEFAULT, fault);
        if (r < 0)
                return r;
        r = json_from_dictionary(&host, reply);
        if (r < 0)
                return error_from_bus(fault, NULL, r);

        if (options->json != JSON_OFF)
                return json_print(stdout, host, options->json);
        print_host(host, colour_wanted());
        return EXIT_SUCCESS;
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
