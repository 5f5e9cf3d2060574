/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/call.h"
#include "ctl/columns.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/human.h"
#include "ctl/json.h"
#include "ctl/pager.h"
#include "ctl/policy-list.h"
#include "domain/cpus.h"

enum {
        COLUMN_PATH,
        COLUMN_UNIKERNELS,
        COLUMN_MEMORY,
        COLUMN_CPUS,
        COLUMN_BLOCK,
        COLUMN_BRIDGES,
        COLUMN_OWNERS,
        N_COLUMNS
};

#define USED_MAX (2 * HUMAN_MAX + 1)

static uint64_t number_of(const json_t *policy, const char *key) {
        return (uint64_t) json_integer_value(json_object_get(policy, key));
}

static void sizes_text(uint64_t used, uint64_t limit, char ret[static USED_MAX + 1]) {
        char used_text[HUMAN_MAX + 1], limit_text[HUMAN_MAX + 1];

        human_size(used, used_text);
        human_size(limit, limit_text);
        snprintf(ret, USED_MAX + 1, "%s/%s", used_text, limit_text);
}

static void cpus_text(const json_t *policy, char ret[static CPUS_TEXT_MAX + 1]) {
        const json_t *id;
        Cpus cpus = {};
        size_t i;

        json_array_foreach(json_object_get(policy, "CPUs"), i, id) {
                if (json_integer_value(id) >= 0 && json_integer_value(id) < CPUS_MAX)
                        cpus_add(&cpus, (unsigned) json_integer_value(id));
        }
        cpus_format(&cpus, ret);
}

/* "br0,br1", "-" for none. The caller owns it; NULL without memory. */
static char *words_text(const json_t *array) {
        size_t size = sizeof("-"), i;
        const json_t *word;
        char *text, *end;

        json_array_foreach(array, i, word) {
                size += json_string_length(word) + 1;
        }
        text = end = malloc(size);
        if (!text)
                return NULL;
        strcpy(text, "-");
        json_array_foreach(array, i, word) {
                if (i > 0)
                        *end++ = ',';
                end = stpcpy(end, json_string_value(word));
        }
        return text;
}

static int add_line(struct libscols_table *table, const json_t *policy) {
        const char *path = json_string_value(json_object_get(policy, "Path"));
        char memory[USED_MAX + 1], block[USED_MAX + 1], unikernels[32];
        _cleanup_(freep) char *bridges = NULL, *owners = NULL;
        char cpus[CPUS_TEXT_MAX + 1];

        snprintf(unikernels, sizeof(unikernels), "%" PRIu64 "/%" PRIu64,
                 number_of(policy, "UnikernelsUsed"), number_of(policy, "Unikernels"));
        sizes_text(number_of(policy, "MemoryUsed"), number_of(policy, "Memory"), memory);
        sizes_text(number_of(policy, "BlockUsed"), number_of(policy, "Block"), block);
        if (number_of(policy, "Block") == 0 && number_of(policy, "BlockUsed") == 0)
                strcpy(block, "-");
        cpus_text(policy, cpus);
        bridges = words_text(json_object_get(policy, "Bridges"));
        owners = words_text(json_object_get(policy, "Owners"));
        if (!bridges || !owners)
                return -ENOMEM;

        const char *const cells[N_COLUMNS] = {
                [COLUMN_PATH] = path[0] ? path : ":",
                [COLUMN_UNIKERNELS] = unikernels,
                [COLUMN_MEMORY] = memory,
                [COLUMN_CPUS] = cpus,
                [COLUMN_BLOCK] = block,
                [COLUMN_BRIDGES] = bridges,
                [COLUMN_OWNERS] = owners,
        };
        return columns_add(table, cells);
}

static int print_table(const json_t *policies, const Options *options) {
        static const Column columns[N_COLUMNS] = {
                [COLUMN_PATH] = {"PATH", 0},
                [COLUMN_UNIKERNELS] = {"UNIKERNELS", SCOLS_FL_RIGHT},
                [COLUMN_MEMORY] = {"MEMORY", SCOLS_FL_RIGHT},
                [COLUMN_CPUS] = {"CPUS", 0},
                [COLUMN_BLOCK] = {"BLOCK", SCOLS_FL_RIGHT},
                [COLUMN_BRIDGES] = {"BRIDGES", 0},
                [COLUMN_OWNERS] = {"OWNERS", 0},
        };
        _cleanup_(columns_unrefp) struct libscols_table *table = NULL;
        _cleanup_(pager_stop) Pager pager = PAGER_NONE;
        const json_t *policy;
        size_t i;
        int r;

        r = columns_new(&table, columns, N_COLUMNS, !option_given(options, OPTION_NO_LEGEND));
        json_array_foreach(policies, i, policy) {
                if (r >= 0)
                        r = add_line(table, policy);
        }
        if (r < 0)
                return r;
        pager = pager_start(options);
        return scols_print_table(table);
}

static void print_paths(const json_t *policies) {
        const json_t *policy;
        size_t i;

        json_array_foreach(policies, i, policy) {
                const char *path = json_string_value(json_object_get(policy, "Path"));

                puts(path[0] ? path : ":");
        }
}

int policy_list_run(const Name *path, const Options *options, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(json_decrefp) json_t *policies = NULL;
        int r;

        r = connect_bus(&bus, options, fault);
        if (r < 0)
                return r;
        r = call_list(&reply, bus, "ListPolicies", path, fault);
        if (r < 0)
                return r;
        r = json_from_entries(&policies, reply, "Path");
        if (r < 0)
                return error_from_bus(fault, NULL, r);

        if (options->json != JSON_OFF)
                return json_print(stdout, policies, options->json);
        if (option_given(options, OPTION_QUIET)) {
                print_paths(policies);
                return EXIT_SUCCESS;
        }
        return print_table(policies, options);
}
