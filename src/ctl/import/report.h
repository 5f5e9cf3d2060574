/* SPDX-License-Identifier: ISC */
#pragma once

/* What became of each item, one line for each as soon as it is known, or as JSON at the end. */

#include "ctl/import/item.h"
#include "ctl/json.h"
#include "ctl/options.h"

typedef struct ImportReport {
        const Options *options;
        json_t *array; /* with --json */
        size_t n_outcomes[OUTCOME_N];
} ImportReport;

int report_begin(ImportReport *ret, const Options *options);
int report_item(ImportReport *report, const Item *item);
int report_end(ImportReport *report);
void report_done(ImportReport *report);
