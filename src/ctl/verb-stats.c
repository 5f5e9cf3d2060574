/* SPDX-License-Identifier: ISC */

/* stats [NAME|PATH:...] */

#include <stdlib.h>

#include "base/cleanup.h"
#include "ctl/connect.h"
#include "ctl/influx.h"
#include "ctl/json.h"
#include "ctl/statistics.h"
#include "ctl/target.h"
#include "ctl/verb.h"

int verb_stats(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(json_decrefp) json_t *all = NULL;
        const json_t *unikernel;
        size_t i;
        int r;

        if (option_given(options, OPTION_INFLUX) && options->json != JSON_OFF)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "Both --influx and JSON are asked for, stats prints one of them");
        r = connect_bus(&bus, options, fault);
        if (r < 0)
                return r;
        r = statistics_get(&all, bus, options, fault);
        if (r < 0)
                return r;

        if (option_given(options, OPTION_INFLUX)) {
                json_array_foreach(all, i, unikernel) {
                        influx_write(stdout, unikernel);
                }
                return EXIT_SUCCESS;
        }
        if (options->json != JSON_OFF)
                return json_print(stdout, all, options->json);
        if (options->n_args == 1 && json_array_size(all) == 1 && !target_is_path(options->args[0]))
                return statistics_print_one(json_array_get(all, 0), options);
        return statistics_print_table(all, options);
}
