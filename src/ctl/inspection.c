/* SPDX-License-Identifier: ISC */

#include <string.h>

#include "base/cleanup.h"
#include "ctl/error.h"
#include "ctl/inspection.h"

bool inspection_has(const char *field) {
        static const char *const fields[] = {"Arguments", "Nets", "Blocks", "ImageDigest"};

        for (size_t i = 0; i < N_ELEMENTS(fields); i++)
                if (strcmp(field, fields[i]) == 0)
                        return true;
        return false;
}

int inspection_ask(Call *call, sd_bus *bus, const Name *name, bool interactive, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = call_new(&message, bus, "Inspect", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "s", name->text);
        if (r >= 0 && !interactive)
                r = sd_bus_message_set_allow_interactive_authorization(message, false);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        return call_send(call, bus, message, interactive ? CALL_PATIENTLY : CALL_DEFAULT, fault);
}

int inspection_answer(json_t **ret, Call *call, Fault *fault) {
        int r;

        r = call_wait(call, fault);
        if (r < 0)
                return r;
        r = json_from_dictionary(ret, call->reply);
        return r < 0 ? error_from_bus(fault, NULL, r) : 0;
}
