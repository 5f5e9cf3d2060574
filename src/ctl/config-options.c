/* SPDX-License-Identifier: ISC */

#include <string.h>

#include "base/cleanup.h"
#include "ctl/append.h"
#include "ctl/call.h"
#include "ctl/config-options.h"
#include "ctl/escape.h"

int config_options_check(const Options *options, Fault *fault) {
        if (option_given(options, OPTION_NAME) && option_given(options, OPTION_NO_NAME))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "--name and --no-name exclude each other");

        /* The bus carries text only, and drops who sends it anything else. */
        for (size_t i = 0; i < options->n_rest; i++)
                if (!escape_is_utf8(options->rest[i], strlen(options->rest[i])))
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "Argument %zu of the guest is not valid UTF-8", i + 1);
        return 0;
}

int config_options_append(sd_bus_message *message, const Options *options) {
        int r = 0;

        if (option_given(options, OPTION_MEMORY))
                r = sd_bus_message_append(message, "{sv}", "Memory", "t", options->memory_bytes);
        if (r >= 0 && option_given(options, OPTION_CPUS))
                r = append_cpus(message, &options->cpus);
        if (r >= 0 && option_given(options, OPTION_NAME))
                r = sd_bus_message_append(message, "{sv}", "AddName", "b", 1);
        if (r >= 0 && option_given(options, OPTION_NO_NAME))
                r = sd_bus_message_append(message, "{sv}", "AddName", "b", 0);
        if (r >= 0 && option_given(options, OPTION_NET))
                r = append_nets(message, &options->devices);
        if (r >= 0 && option_given(options, OPTION_BLOCK))
                r = append_blocks(message, &options->devices);
        if (r >= 0 && option_given(options, OPTION_RESTART))
                r = append_restart(message, &options->restart);
        if (r >= 0 && option_given(options, OPTION_STARTUP))
                r = sd_bus_message_append(message, "{sv}", "Startup", "u", options->startup);
        /* "--" with nothing behind it says that there are none. */
        if (r >= 0 && options->has_rest)
                r = append_words(message, "Arguments", options->rest);
        return r;
}

int config_options_update(sd_bus_message **ret,
                          sd_bus *bus,
                          const Name *name,
                          int image_fd,
                          const Options *options) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        Fault fault = {};
        int r;

        r = call_new(&request, bus, "UpdateUnikernel", &fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "sh", name->text, image_fd);
        if (r >= 0)
                r = sd_bus_message_open_container(request, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = config_options_append(request, options);
        if (r >= 0 && option_given(options, OPTION_WAIT_RUNNING))
                r = sd_bus_message_append(request, "{sv}", "WaitRunning", "t",
                                          options->wait_running_usec);
        if (r >= 0)
                r = sd_bus_message_close_container(request);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(request);
        return 0;
}
