/* SPDX-License-Identifier: ISC */

/* set NAME [-- ARG...] */

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "ctl/call.h"
#include "ctl/config-options.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/target.h"
#include "ctl/verb.h"

static int fill_request(sd_bus_message *message, const Name *name, const Options *options) {
        int r;

        r = sd_bus_message_append(message, "s", name->text);
        if (r >= 0)
                r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = config_options_append(message, options);
        if (r >= 0 && option_given(options, OPTION_NOW))
                r = sd_bus_message_append(message, "{sv}", "Now", "b", 1);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

/* --now alone is a wish: what was set before is to be had at once. */
static int check_options(const Options *options, Fault *fault) {
        int r;

        if (options->given >> N_GLOBAL_OPTIONS == 0 && !options->has_rest) {
                r = fault_set(fault, FAULT_INVALID_ARGUMENT, "Nothing is given to be set");
                fault_hint(fault, "See: albatrossctl set --help");
                return r;
        }
        return config_options_check(options, fault);
}

int verb_set(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        char text[NAME_MAX_LENGTH + 2];
        Name name;
        int r;

        r = check_options(options, fault);
        if (r >= 0)
                r = target_name(&name, options->args[0], options, fault);
        if (r < 0)
                return r;
        target_text(name.text, options, text);
        r = connect_bus(&bus, options, fault);
        if (r >= 0 && option_given(options, OPTION_DRY_RUN)) {
                r = call_check_unikernel(bus, &name, fault);
                if (r < 0)
                        return r;
                printf("Would change %s\n", text);
                return EXIT_SUCCESS;
        }
        if (r >= 0)
                r = call_new(&request, bus, "SetUnikernel", fault);
        if (r < 0)
                return r;
        r = fill_request(request, &name, options);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        r = call_now(NULL, bus, request, CALL_PATIENTLY, fault);
        if (r < 0 || option_given(options, OPTION_QUIET))
                return r;
        puts(text);
        if (!option_given(options, OPTION_NOW)) {
                fflush(stdout);
                fprintf(stderr, "It takes effect at the next start.\n");
        }
        return EXIT_SUCCESS;
}
