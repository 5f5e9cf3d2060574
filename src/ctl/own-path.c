/* SPDX-License-Identifier: ISC */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/call.h"
#include "ctl/connect.h"
#include "ctl/own-path.h"
#include "ctl/verb.h"

static bool is_needed(const Options *options) {
        if (geteuid() == 0 || options->path || secure_getenv("ALBATROSS_PATH") ||
            (options->verb->flags & VERB_NEEDS_NO_DAEMON))
                return false;
        for (size_t i = 0; i < options->n_args; i++)
                if (options->args[i][0] && !strchr(options->args[i], ':'))
                        return true;
        return false;
}

/* The only string of the array, and nothing where there is another number of them. */
static int read_path(Name *ret, sd_bus_message *reply) {
        const char *text, *another;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "s");
        if (r < 0)
                return r;
        r = sd_bus_message_read_basic(reply, 's', &text);
        if (r <= 0 || sd_bus_message_read_basic(reply, 's', &another) != 0)
                return r;
        return path_parse(ret, text, NULL);
}

void own_path_find(Options *options) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL, *reply = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        Fault fault = {};

        /* What goes wrong here goes wrong again in a moment, and is told then. */
        if (!is_needed(options) || connect_bus(&bus, options, &fault) < 0 ||
            call_new(&request, bus, "ListOwnPaths", &fault) < 0 ||
            call_now(&reply, bus, request, CALL_DEFAULT, &fault) < 0)
                return;
        (void) read_path(&options->own_path, reply);
}
