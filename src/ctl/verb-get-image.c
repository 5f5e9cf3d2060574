/* SPDX-License-Identifier: ISC */

/* get-image NAME [FILE|-] */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/call.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/properties.h"
#include "ctl/save.h"
#include "ctl/target.h"
#include "ctl/verb.h"

/* LABEL.spt or LABEL.hvt, here. The caller owns *@ret. */
static int default_path(char **ret, const Name *name, const json_t *properties) {
        const char *type = properties_string(properties, "Type");
        const char *dash = strrchr(type, '-');

        return asprintf(ret, "%s.%s", name_label(name), dash ? dash + 1 : "img") < 0 ? -ENOMEM : 0;
}

static int ask_image(Call *call, sd_bus *bus, const Name *name, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = call_new(&message, bus, "GetImage", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "sa{sv}", name->text, 0);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        return call_send(call, bus, message, CALL_PATIENTLY, fault);
}

/* Copies what comes through the pipe in the answer, and counts it: a pipe can't say that it broke
 * off. */
static int copy_image(Call *call, int to_fd, uint64_t expected_size, Fault *fault) {
        uint64_t size;
        int from_fd, r;

        r = sd_bus_message_read(call->reply, "h", &from_fd);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        r = save_copy(from_fd, to_fd, &size, fault);
        if (r < 0)
                return r;
        if (size != expected_size)
                return fault_set(fault, FAULT_FAILED,
                                 "The image breaks off: %llu of its %llu bytes have come",
                                 (unsigned long long) size, (unsigned long long) expected_size);
        return 0;
}

int verb_get_image(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(json_decrefp) json_t *properties = NULL;
        _cleanup_(save_done) Save save = SAVE_NONE;
        _cleanup_(call_done) Call call = {};
        _cleanup_(freep) char *path = NULL;
        uint64_t size;
        Name name;
        int r;

        r = target_name(&name, options->args[0], options, fault);
        if (r < 0)
                return r;
        r = connect_bus(&bus, options, fault);
        if (r < 0)
                return r;
        r = properties_get(&properties, bus, &name, fault);
        if (r < 0)
                return r;
        size = properties_number(properties, "ImageSize");

        if (options->n_args > 1)
                path = strdup(options->args[1]);
        else if (default_path(&path, &name, properties) < 0)
                path = NULL;
        if (!path)
                return -ENOMEM;
        if (option_given(options, OPTION_DRY_RUN)) {
                printf("Would write %llu bytes to %s\n", (unsigned long long) size, path);
                return EXIT_SUCCESS;
        }

        /* A file that can't be is found before anybody is asked for a password. */
        if (strcmp(path, "-") != 0) {
                r = save_open(&save, path, option_given(options, OPTION_FORCE), fault);
                if (r < 0)
                        return r;
        }
        r = ask_image(&call, bus, &name, fault);
        if (r < 0)
                return r;
        r = call_wait(&call, fault);
        if (r < 0)
                return r;
        r = copy_image(&call, save.fd >= 0 ? save.fd : STDOUT_FILENO, size, fault);
        if (r < 0 || save.fd < 0)
                return r;
        r = save_finish(&save, fault);
        if (r < 0)
                return r;
        if (!option_given(options, OPTION_QUIET))
                puts(path);
        return EXIT_SUCCESS;
}
