/* SPDX-License-Identifier: ISC */

/* list [PATH] */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/colour.h"
#include "ctl/connect.h"
#include "ctl/human.h"
#include "ctl/json.h"
#include "ctl/listing.h"
#include "ctl/pager.h"
#include "ctl/table.h"
#include "ctl/target.h"
#include "ctl/verb.h"

static int print_json(const Listing *listing, JsonMode mode) {
        _cleanup_(json_decrefp) json_t *array = NULL;

        array = json_array();
        if (!array)
                return -ENOMEM;
        for (size_t i = 0; i < listing->n_items; i++) {
                const Listed *item = &listing->items[i];
                json_t *object;

                object = json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:i}", "Name", item->name,
                                   "Type", item->type, "State", item->state, "StateChangeTimestamp",
                                   (json_int_t) item->since_usec, "Memory",
                                   (json_int_t) item->memory_bytes, "CPUs",
                                   json_from_numbers(item->cpus, item->n_cpus), "Restarts",
                                   (int) item->n_restarts);
                if (json_array_append_new(array, object) < 0)
                        return -ENOMEM;
        }
        return json_print(stdout, array, mode);
}

static void print_names(const Listing *listing, const Options *options) {
        for (size_t i = 0; i < listing->n_items; i++) {
                char text[NAME_MAX_LENGTH + 2];

                target_text(listing->items[i].name, options, text);
                puts(text);
        }
}

static int print_table(const Listing *listing, const Options *options) {
        TableStyle style = {
                .tree = !option_given(options, OPTION_NO_LEGEND),
                .header = !option_given(options, OPTION_NO_LEGEND),
                .colours = colour_wanted(),
                .now_usec = human_now(),
        };
        _cleanup_(pager_stop) Pager pager = PAGER_NONE;
        size_t n_running = 0;
        int r;

        pager = pager_start(options);
        for (size_t i = 0; i < listing->n_items; i++)
                n_running += strcmp(listing->items[i].state, "running") == 0;

        r = table_print(listing, &style);
        if (r < 0)
                return r;
        if (!option_given(options, OPTION_NO_LEGEND))
                printf("%s%zu unikernel%s, %zu running.\n", listing->n_items > 0 ? "\n" : "",
                       listing->n_items, listing->n_items == 1 ? "" : "s", n_running);
        return 0;
}

int verb_list(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(listing_done) Listing listing = {};
        Name path;
        int r;

        if (options->n_args > 0)
                r = target_path(&path, options->args[0], options, fault);
        else
                r = target_default_path(&path, options, fault);
        if (r < 0)
                return r;
        r = connect_bus(&bus, options, fault);
        if (r < 0)
                return r;
        r = listing_get(&listing, bus, &path, fault);
        if (r < 0)
                return r;

        if (options->json != JSON_OFF)
                return print_json(&listing, options->json);
        if (option_given(options, OPTION_QUIET)) {
                print_names(&listing, options);
                return EXIT_SUCCESS;
        }
        return print_table(&listing, options);
}
