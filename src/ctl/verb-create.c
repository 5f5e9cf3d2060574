/* SPDX-License-Identifier: ISC */

/* create NAME IMAGE [-- ARG...] */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/attach.h"
#include "ctl/call.h"
#include "ctl/config-options.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/source.h"
#include "ctl/target.h"
#include "ctl/verb.h"
#include "ctl/visible.h"

static int check_options(const Options *options, Fault *fault) {
        if (option_given(options, OPTION_CONSOLE) && option_given(options, OPTION_NO_START))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "--console follows what is started, so --no-start excludes it");
        if (option_given(options, OPTION_CONSOLE) && option_given(options, OPTION_FORCE))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "--console follows what is created, so --force excludes it");
        return config_options_check(options, fault);
}

static int fill_request(sd_bus_message *message,
                        const Name *name,
                        int image_fd,
                        const Options *options,
                        Fault *fault) {
        int r;

        r = sd_bus_message_append(message, "sh", name->text, image_fd);
        if (r >= 0)
                r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = config_options_append(message, options);
        if (r >= 0 && option_given(options, OPTION_NO_START))
                r = sd_bus_message_append(message, "{sv}", "Start", "b", 0);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r < 0 ? error_from_bus(fault, NULL, r) : 0;
}

/* Is there one of that name already? Nobody is told what would be refused for other reasons. */
static int pretend(sd_bus *bus, const Name *name, const Options *options, Fault *fault) {
        char text[NAME_MAX_LENGTH + 2];
        Fault found = {};
        bool is_there;
        int r;

        target_text(name->text, options, text);
        r = call_check_unikernel(bus, name, &found);
        is_there = r >= 0;
        if (is_there && !option_given(options, OPTION_FORCE))
                return fault_set(fault, FAULT_ALREADY_EXISTS, "The unikernel \"%s\" exists already",
                                 text);
        if (!is_there && found.code != FAULT_NO_SUCH_UNIKERNEL) {
                *fault = found;
                return r;
        }
        printf("Would %s %s\n", is_there ? "update" : "create", text);
        return EXIT_SUCCESS;
}

/* One of that name is there: it becomes what is asked for, and runs unless it is not to. */
static int update(sd_bus *bus,
                  const Name *name,
                  int image_fd,
                  const Options *options,
                  Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL, *start = NULL;
        int r;

        r = config_options_update(&request, bus, name, image_fd, options);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        r = call_now(NULL, bus, request, CALL_PATIENTLY, fault);
        if (r < 0 || option_given(options, OPTION_NO_START))
                return r;
        r = call_new(&start, bus, "StartUnikernel", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(start, "sa{sv}", name->text, 0);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        return call_now(NULL, bus, start, CALL_PATIENTLY, fault);
}

int verb_create(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(fd_closep) int image_fd = -1;
        char text[NAME_MAX_LENGTH + 2];
        Name name;
        int r;

        r = check_options(options, fault);
        if (r < 0)
                return r;
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
        if (option_given(options, OPTION_DRY_RUN))
                return pretend(bus, &name, options, fault);

        r = call_new(&request, bus, "CreateUnikernel", fault);
        if (r < 0)
                return r;
        r = fill_request(request, &name, image_fd, options, fault);
        if (r < 0)
                return r;
        if (option_given(options, OPTION_CONSOLE))
                return attach_run(bus, request, &name, options, fault);

        r = call_now(NULL, bus, request, CALL_PATIENTLY, fault);
        if (r < 0 && fault->code == FAULT_ALREADY_EXISTS && option_given(options, OPTION_FORCE))
                r = update(bus, &name, image_fd, options, fault);
        if (r < 0)
                return r;
        if (!option_given(options, OPTION_QUIET))
                puts(text);
        visible_tell(bus, &name, options);
        return EXIT_SUCCESS;
}
