/* SPDX-License-Identifier: ISC */

#include <inttypes.h>

#include "base/number.h"
#include "domain/startup.h"

int startup_parse(uint32_t *ret, const char *text, Fault *fault) {
        uint64_t priority;
        int r;

        r = number_parse(text, STARTUP_MAX, &priority);
        if (r < 0) {
                r = fault_set(fault, FAULT_INVALID_ARGUMENT,
                              "\"%.60s\" is no startup priority, which is a number from 0 to %u",
                              text, STARTUP_MAX);
                fault_hint(fault, "Lower ones start first, the default is %u", STARTUP_DEFAULT);
                return r;
        }

        *ret = (uint32_t) priority;
        return 0;
}

int startup_check(uint64_t priority, Fault *fault) {
        if (priority > STARTUP_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "The startup priority %" PRIu64 " is above %u, the highest one",
                                 priority, STARTUP_MAX);
        return 0;
}
