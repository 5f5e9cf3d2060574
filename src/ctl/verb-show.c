/* SPDX-License-Identifier: ISC */

/* show NAME [-P FIELD]... */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/connect.h"
#include "ctl/device-word.h"
#include "ctl/escape.h"
#include "ctl/inspection.h"
#include "ctl/properties.h"
#include "ctl/suggest.h"
#include "ctl/target.h"
#include "ctl/verb.h"

/* Words that a shell would take apart get quotes. */
static void print_word(const char *word) {
        bool plain = word[0] && !word[strcspn(word, " \t\n'\"\\$`*?[]{}()<>|&;#~!")];

        if (!plain)
                putchar('"');
        escape_write(stdout, word, strlen(word), ESCAPE_LINE);
        if (!plain)
                putchar('"');
}

static void print_value(const json_t *value);

static void print_array(const json_t *array) {
        char text[CPUS_TEXT_MAX + 1], word[DEVICE_WORD_SIZE];
        Cpus cpus;

        /* The only arrays of numbers are sets of CPUs. */
        if (properties_cpus(&cpus, array)) {
                cpus_format(&cpus, text);
                fputs(text, stdout);
                return;
        }
        for (size_t i = 0; i < json_array_size(array); i++) {
                const json_t *value = json_array_get(array, i);

                if (i > 0)
                        putchar(' ');
                if (json_is_string(value))
                        print_word(json_string_value(value));
                else if (device_word(value, word))
                        print_word(word);
                else
                        print_value(value);
        }
}

static void print_value(const json_t *value) {
        if (json_is_string(value))
                escape_write(stdout, json_string_value(value), json_string_length(value),
                             ESCAPE_LINE);
        else if (json_is_boolean(value))
                fputs(json_is_true(value) ? "yes" : "no", stdout);
        else if (json_is_integer(value))
                printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        else if (json_is_array(value))
                print_array(value);
}

static int refuse_field(json_t *all, const char *field, Fault *fault) {
        Suggestion suggestion = {.typed = field};
        const char *key;
        json_t *value;
        int r;

        json_object_foreach(all, key, value) suggestion_offer(&suggestion, key);
        if (suggestion.nearest)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "There is no field \"%.60s\", did you mean \"%s\"?", field,
                                 suggestion.nearest);
        r = fault_set(fault, FAULT_INVALID_ARGUMENT, "There is no field \"%.60s\"", field);
        fault_hint(fault, "\"albatrossctl show NAME\" lists the fields.");
        return r;
}

/* Those asked for, in their order. */
static int print_fields(json_t *all, const Options *options, Fault *fault) {
        _cleanup_(json_decrefp) json_t *chosen = json_object();

        if (!chosen)
                return -ENOMEM;
        for (size_t i = 0; i < options->n_properties; i++) {
                json_t *value = json_object_get(all, options->properties[i]);

                if (!value)
                        return refuse_field(all, options->properties[i], fault);
                if (json_object_set(chosen, options->properties[i], value) < 0)
                        return -ENOMEM;
        }
        if (options->json != JSON_OFF)
                return json_print(stdout, chosen, options->json);

        for (size_t i = 0; i < options->n_properties; i++) {
                print_value(json_object_get(all, options->properties[i]));
                putchar('\n');
        }
        return EXIT_SUCCESS;
}

static int print_all(json_t *all, const Options *options) {
        const char *key;
        json_t *value;

        if (options->json != JSON_OFF)
                return json_print(stdout, all, options->json);
        json_object_foreach(all, key, value) {
                printf("%s=", key);
                print_value(value);
                putchar('\n');
        }
        return EXIT_SUCCESS;
}

int verb_show(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(json_decrefp) json_t *all = NULL, *private = NULL;
        _cleanup_(call_done) Call properties = {}, inspection = {};
        bool wants_private = options->n_properties == 0, must = false;
        Name name;
        int r;

        for (size_t i = 0; i < options->n_properties; i++)
                must = must || inspection_has(options->properties[i]);
        wants_private = wants_private || must;

        r = target_name(&name, options->args[0], options, fault);
        if (r < 0)
                return r;
        r = connect_bus(&bus, options, fault);
        if (r < 0)
                return r;
        r = properties_ask(&properties, bus, &name, fault);
        if (r < 0)
                return r;
        if (wants_private) {
                r = inspection_ask(&inspection, bus, &name, must, fault);
                if (r < 0)
                        return r;
        }

        r = properties_answer(&all, &properties, &name, fault);
        if (r < 0)
                return r;
        if (wants_private) {
                Fault refused = {};

                /* Nobody who did not ask for these is told that they are not his to see. */
                r = inspection_answer(&private, &inspection, must ? fault : &refused);
                if (r < 0 && must)
                        return r;
                if (r >= 0 && json_object_update(all, private) < 0)
                        return -ENOMEM;
        }
        return options->n_properties > 0 ? print_fields(all, options, fault)
                                         : print_all(all, options);
}
