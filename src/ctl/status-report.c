/* SPDX-License-Identifier: ISC */

/* One unikernel, in lines. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/colour.h"
#include "ctl/console.h"
#include "ctl/device-word.h"
#include "ctl/ended.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/properties.h"
#include "ctl/status.h"

void status_row(const char *key, const char *format, ...) {
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
        status_row("State", "%s%s%s since %s; %s ago",
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
        status_row("Last end", "%s on %s", words, when);
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
                status_row(key, "%s, %lld times, last on %s", words, (long long) times, when);
        else
                status_row(key, "%s on %s", words, when);
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

        status_row("Restarts", "%llu (%s%s)",
                   (unsigned long long) properties_number(report->properties, "Restarts"),
                   strcmp(policy, "no") == 0    ? "it is not started again"
                   : strcmp(policy, "all") == 0 ? "after all ends that may be followed by one"
                                                : "after exit status ",
                   strcmp(policy, "no") == 0 || strcmp(policy, "all") == 0 ? "" : policy);
        if (next_usec == 0)
                return;
        human_span(next_usec > now_usec ? next_usec - now_usec : 0, span);
        status_row("Next start", "in %s", span);
}

/* A start that failed is no end, and what is said of it may be for those who may see its devices.
 */
static void print_why(const Report *report) {
        const char *state = properties_string(report->properties, "State");
        char scope[NAME_UNIT_MAX + 1];

        if (strcmp(state, "waiting") != 0 && strcmp(state, "failed") != 0)
                return;
        name_scope(&report->name, scope);
        status_row("Why", "journalctl -u %s", scope);
}

static void print_sizes(const Report *report) {
        char memory[HUMAN_MAX + 1], cpus_text[CPUS_TEXT_MAX + 1] = "all";
        Cpus cpus;

        human_size(properties_number(report->properties, "Memory"), memory);
        status_row("Memory", "%s", memory);
        if (properties_cpus(&cpus, json_object_get(report->properties, "CPUs")))
                cpus_format(&cpus, cpus_text);
        status_row("CPUs", "%s", cpus_text);
        status_row("Startup", "%llu",
                   (unsigned long long) properties_number(report->properties, "Startup"));
}

static void print_image(const Report *report) {
        const char *digest = properties_string(report->private, "ImageDigest");
        char size[HUMAN_MAX + 1];

        human_size(properties_number(report->properties, "ImageSize"), size);
        status_row("Image", "%s, %s%s%s", properties_string(report->properties, "Type"), size,
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
                status_row("Main PID", "%llu (uid %llu)", (unsigned long long) pid,
                           (unsigned long long) properties_number(report->properties, "UID"));
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                const char *value = properties_string(report->properties, rows[i].property);

                if (value[0])
                        status_row(rows[i].key, "%s", value);
        }
}

static void print_console(Report *report) {
        const ConsoleStyle style = {.output = CONSOLE_SHORT, .name = report->text};
        ExportEntry entry;
        bool first = true;

        while (console_stream_next(&report->console, &entry) > 0) {
                if (first)
                        putchar('\n');
                first = false;
                console_print(stdout, &entry, &style);
        }
}

void report_print(Report *report) {
        const char *state = properties_string(report->properties, "State");

        printf("%s%s%s %s\n", colour_sequence(colour_of_state(state), report->colours),
               colour_has_utf8() ? "●" : "*", colour_sequence(COLOUR_NORMAL, report->colours),
               report->text);
        print_state(report);
        print_exits(report);
        print_restarts(report);
        print_why(report);
        print_sizes(report);
        report_print_costs(report);
        print_image(report);
        report_print_networks(report);
        print_devices(report, "Blocks", "Blocks");
        print_run(report);
        print_console(report);
}
