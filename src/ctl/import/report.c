/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/escape.h"
#include "ctl/import/report.h"
#include "ctl/target.h"

static const char *const words[OUTCOME_N] = {
        [OUTCOME_WANTED] = "to be created",  [OUTCOME_CREATED] = "created",
        [OUTCOME_PRESENT] = "already there", [OUTCOME_DIFFERENT] = "different",
        [OUTCOME_FAILED] = "failed",
};

int report_begin(ImportReport *ret, const Options *options) {
        ImportReport report = {.options = options};

        if (options->json != JSON_OFF) {
                report.array = json_array();
                if (!report.array)
                        return -ENOMEM;
        }
        *ret = report;
        return 0;
}

void report_done(ImportReport *report) {
        json_decref(report->array);
        *report = (ImportReport){};
}

/* As it can be typed here; where it has no name here, as it is there. */
static void print_name(const ImportReport *report, const Item *item) {
        char text[NAME_MAX_LENGTH + 2];

        if (!item->name.text[0])
                escape_write(stdout, item->original, strlen(item->original), ESCAPE_LINE);
        else if (item->kind == ITEM_POLICY)
                printf("%s:", item->name.text);
        else {
                target_text(item->name.text, report->options, text);
                fputs(text, stdout);
        }
}

static void print_detail(const char *text) {
        fputs("    ", stdout);
        escape_write(stdout, text, strlen(text), ESCAPE_LINE);
        putchar('\n');
}

static void print_item(const ImportReport *report, const Item *item) {
        if (option_given(report->options, OPTION_QUIET) && item->outcome != OUTCOME_FAILED &&
            item->outcome != OUTCOME_DIFFERENT)
                return;
        printf("%-13s  %-12s  ", words[item->outcome], item_kind_to_string(item->kind));
        print_name(report, item);
        putchar('\n');
        if (item->why)
                print_detail(item->why->message);
        if (item->why && item->why->hint[0])
                print_detail(item->why->hint);
        for (const char *text = NULL; (text = strings_next(&item->remarks, text));)
                print_detail(text);
        /* Somebody may look on: what comes next can take its time. */
        fflush(stdout);
}

static json_t *json_from_strings(const Strings *strings) {
        json_t *array = json_array();

        for (const char *text = NULL; array && (text = strings_next(strings, text));)
                if (json_array_append_new(array, json_from_bytes(text, strlen(text))) < 0) {
                        json_decref(array);
                        array = NULL;
                }
        return array;
}

static int add_item(ImportReport *report, const Item *item) {
        json_t *object = json_pack(
                "{s:s, s:o, s:s, s:s, s:s, s:o}", "Kind", item_kind_to_string(item->kind),
                "Original", json_from_bytes(item->original, strlen(item->original)), "Name",
                item->name.text, "Outcome", words[item->outcome], "Reason",
                item->why ? item->why->message : "", "Remarks", json_from_strings(&item->remarks));

        return json_array_append_new(report->array, object) < 0 ? -ENOMEM : 0;
}

int report_item(ImportReport *report, const Item *item) {
        report->n_outcomes[item->outcome]++;
        if (report->array)
                return add_item(report, item);
        print_item(report, item);
        return 0;
}

int report_end(ImportReport *report) {
        const char *separator = "";

        if (report->array)
                return json_print(stdout, report->array, report->options->json);
        if (option_given(report->options, OPTION_QUIET) ||
            option_given(report->options, OPTION_NO_LEGEND))
                return 0;
        for (Outcome outcome = 0; outcome < OUTCOME_N; outcome++) {
                if (report->n_outcomes[outcome] == 0)
                        continue;
                printf("%s%zu %s", separator, report->n_outcomes[outcome], words[outcome]);
                separator = ", ";
        }
        puts(separator[0] ? "." : "There is nothing in it.");
        return 0;
}
