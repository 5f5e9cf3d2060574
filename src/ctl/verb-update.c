/* SPDX-License-Identifier: ISC */

/* update NAME IMAGE [-- ARG...] */

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "ctl/call.h"
#include "ctl/config-options.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/source.h"
#include "ctl/target.h"
#include "ctl/verb.h"
#include "ctl/visible.h"

#define STATUS_ROLLED_BACK 5

int verb_update(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(fd_closep) int image_fd = -1;
        char text[NAME_MAX_LENGTH + 2];
        Name name;
        int r;

        r = config_options_check(options, fault);
        if (r >= 0)
                r = target_name(&name, options->args[0], options, fault);
        if (r < 0)
                return r;
        target_text(name.text, options, text);
        image_fd = source_open(options->args[1], "image", fault);
        if (image_fd < 0)
                return image_fd;
        r = connect_bus(&bus, options, fault);
        if (r < 0)
                return r;
        if (option_given(options, OPTION_DRY_RUN)) {
                r = call_check_unikernel(bus, &name, fault);
                if (r < 0)
                        return r;
                printf("Would update %s\n", text);
                return EXIT_SUCCESS;
        }
        r = config_options_update(&request, bus, &name, image_fd, options);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        r = call_now(NULL, bus, request, CALL_PATIENTLY, fault);
        if (r < 0 && fault->code == FAULT_ROLLED_BACK) {
                error_print(fault, r);
                return STATUS_ROLLED_BACK;
        }
        if (r < 0)
                return r;
        if (!option_given(options, OPTION_QUIET))
                puts(text);
        visible_tell(bus, &name, options);
        return EXIT_SUCCESS;
}
