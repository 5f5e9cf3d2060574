/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/call.h"
#include "ctl/error.h"
#include "ctl/json.h"
#include "ctl/statistics.h"
#include "ctl/target.h"

/* One that was asked for, and its answer on the way. */
typedef struct Asked {
        Name name;
        bool is_path;
        Call call;
} Asked;

typedef struct Question {
        Asked *asked;
        size_t n;
        json_t *told; /* names, which are not told twice */
} Question;

static void question_clear(Question *question) {
        for (size_t i = 0; i < question->n; i++)
                call_done(&question->asked[i].call);
        free(question->asked);
        json_decref(question->told);
}

static bool contains(const json_t *array, const char *name) {
        const json_t *unikernel;
        size_t i;

        json_array_foreach(array, i, unikernel) {
                if (strcmp(json_string_value(json_object_get(unikernel, "Name")), name) == 0)
                        return true;
        }
        return false;
}

/* The one of that name where it fits, else those below it as a path. */
static int take(json_t *all, json_t *told, const json_t *found, const Asked *asked) {
        bool is_name = !asked->is_path && contains(found, asked->name.text);
        json_t *unikernel;
        size_t i;

        json_array_foreach(found, i, unikernel) {
                const char *name = json_string_value(json_object_get(unikernel, "Name"));

                if (is_name ? strcmp(name, asked->name.text) != 0
                            : !name_is_below(name, asked->name.text))
                        continue;
                if (json_object_get(told, name))
                        continue;
                if (json_object_set_new(told, name, json_true()) < 0 ||
                    json_array_append(all, unikernel) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* A name of which nothing was told: is there such a unikernel, or anything below it? */
static int refuse(sd_bus *bus, const Asked *asked, Fault *fault) {
        int r;

        r = call_check_unikernel(bus, &asked->name, fault);
        if (r < 0)
                return r;
        return fault_set(fault, FAULT_WRONG_STATE, "%s does not run: there are no statistics of it",
                         asked->name.text);
}

static int answer(json_t *all, json_t *told, sd_bus *bus, Asked *asked, Fault *fault) {
        _cleanup_(json_decrefp) json_t *found = NULL;
        size_t n;
        int r;

        r = call_wait(&asked->call, fault);
        if (r < 0)
                return r;
        r = json_from_entries(&found, asked->call.reply, "Name");
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        n = json_array_size(all);
        r = take(all, told, found, asked);
        if (r == 0 && !asked->is_path && json_array_size(found) == 0 && json_array_size(all) == n)
                return refuse(bus, asked, fault);
        return r;
}

static int ask(Asked *asked, sd_bus *bus, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        int r;

        r = call_new(&request, bus, "GetStatistics", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "s", asked->name.text);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        /* The daemon has the deadline. */
        return call_send(&asked->call, bus, request, CALL_PATIENTLY, fault);
}

static int find_targets(Question *question, const Options *options, Fault *fault) {
        size_t n = MAX_OF(options->n_args, (size_t) 1);
        int r = 0;

        question->told = json_object();
        question->asked = calloc(n, sizeof(*question->asked));
        if (!question->asked || !question->told)
                return -ENOMEM;
        if (options->n_args == 0) {
                question->asked[0].is_path = true;
                r = target_default_path(&question->asked[0].name, options, fault);
        }
        for (size_t i = 0; r >= 0 && i < options->n_args; i++) {
                Asked *asked = &question->asked[i];

                asked->is_path = target_is_path(options->args[i]);
                r = asked->is_path ? target_path(&asked->name, options->args[i], options, fault)
                                   : target_name(&asked->name, options->args[i], options, fault);
        }
        question->n = n;
        return r;
}

/* All are asked for before the first answer is waited for: the daemon looks once or twice. */
int statistics_get(json_t **ret, sd_bus *bus, const Options *options, Fault *fault) {
        _cleanup_(question_clear) Question question = {};
        _cleanup_(json_decrefp) json_t *all = json_array();
        int r;

        r = all ? find_targets(&question, options, fault) : -ENOMEM;
        for (size_t i = 0; r >= 0 && i < question.n; i++)
                r = ask(&question.asked[i], bus, fault);
        for (size_t i = 0; r >= 0 && i < question.n; i++)
                r = answer(all, question.told, bus, &question.asked[i], fault);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(all);
        return 0;
}
