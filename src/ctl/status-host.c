/* SPDX-License-Identifier: ISC */

/* The host, in lines: what it has, what is used of that, and what is wrong. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/call.h"
#include "ctl/colour.h"
#include "ctl/error.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/json.h"
#include "ctl/properties.h"
#include "ctl/status.h"
#include "domain/cpus.h"

static void print_tenders(const json_t *tenders) {
        for (size_t i = 0; i < json_array_size(tenders); i++) {
                const json_t *tender = json_array_get(tenders, i);

                status_row(i == 0 ? "Tenders" : "", "%s (%s, ABI version %lld)",
                           json_string_value(json_array_get(tender, 0)),
                           json_string_value(json_array_get(tender, 2)),
                           (long long) json_integer_value(json_array_get(tender, 1)));
        }
        if (json_array_size(tenders) == 0)
                status_row("Tenders", "none");
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
        status_row("Quarantine", "%s%zu file%s that could not be read:%s",
                   colour_sequence(COLOUR_BAD, colours), n_files, n_files == 1 ? "" : "s",
                   colour_sequence(COLOUR_NORMAL, colours));
        for (size_t i = 0; i < n_files; i++) {
                const char *name = json_string_value(json_array_get(quarantine, i));

                printf("%14s", "");
                escape_write(stdout, name ? name : "", name ? strlen(name) : 0, ESCAPE_LINE);
                putchar('\n');
        }
}

static void print_policy(const json_t *policy) {
        const json_t *bridges = json_object_get(policy, "Bridges"), *bridge;
        char used[HUMAN_MAX + 1], all[HUMAN_MAX + 1];
        size_t i;

        if (!policy)
                return;
        human_size(properties_number(policy, "BlockUsed"), used);
        human_size(properties_number(policy, "Block"), all);
        status_row("Blocks", "%s of %s promised", used, all);
        printf("%12s:", "Bridges");
        json_array_foreach(bridges, i, bridge) {
                const char *name = json_string_value(bridge);

                putchar(' ');
                escape_write(stdout, name ? name : "", name ? strlen(name) : 0, ESCAPE_LINE);
        }
        puts(json_array_size(bridges) == 0 ? " none" : "");
}

static void print_host(const json_t *host, const json_t *policy, bool colours) {
        char used[HUMAN_MAX + 1], all[HUMAN_MAX + 1], cpus_text[CPUS_TEXT_MAX + 1] = "-";
        Cpus cpus;

        status_row("Unikernels", "%llu, %llu running",
                   (unsigned long long) properties_number(host, "NUnikernels"),
                   (unsigned long long) properties_number(host, "NRunning"));
        human_size(properties_number(host, "MemoryUsed"), used);
        human_size(properties_number(host, "Memory"), all);
        status_row("Memory", "%s of %s promised", used, all);
        if (properties_cpus(&cpus, json_object_get(host, "CPUs")))
                cpus_format(&cpus, cpus_text);
        status_row("CPUs", "%s", cpus_text);
        human_size(properties_number(host, "DiskFree"), used);
        human_size(properties_number(host, "DiskSize"), all);
        status_row("Disk", "%s of %s free", used, all);
        print_policy(policy);
        print_tenders(json_object_get(host, "Tenders"));
        print_refused(json_object_get(host, "TendersRefused"), colours);
        print_quarantine(json_object_get(host, "Quarantine"), colours);
}

/* What the root policy has, beside what everybody may know: NULL where it is not ours to see. */
static json_t *root_policy(sd_bus *bus) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL, *reply = NULL;
        _cleanup_(json_decrefp) json_t *all = NULL;
        Fault refused = {};
        json_t *first;

        if (call_new(&request, bus, "ListPolicies", &refused) < 0 ||
            sd_bus_message_append(request, "s", "") < 0 ||
            sd_bus_message_set_allow_interactive_authorization(request, false) < 0 ||
            call_now(&reply, bus, request, CALL_DEFAULT, &refused) < 0 ||
            json_from_entries(&all, reply, "Path") < 0)
                return NULL;
        /* Sorted, so it is the first of those who may see it. */
        first = json_array_get(all, 0);
        return strcmp(properties_string(first, "Path"), "") == 0 ? json_incref(first) : NULL;
}

int status_host(const Options *options, sd_bus *bus, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL, *reply = NULL;
        _cleanup_(json_decrefp) json_t *host = NULL, *policy = NULL;
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

        policy = root_policy(bus);
        if (options->json != JSON_OFF) {
                if (policy && json_object_set(host, "Policy", policy) < 0)
                        return -ENOMEM;
                return json_print(stdout, host, options->json);
        }
        print_host(host, policy, colour_wanted());
        return EXIT_SUCCESS;
}
