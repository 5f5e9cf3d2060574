/* SPDX-License-Identifier: ISC */

/* The record of a policy, as somebody may have changed it. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/policy-equal.h"
#include "base/cleanup.h"
#include "fuzz.h"
#include "manager/manager-internal.h"

bool fuzz_input(const uint8_t *data, size_t size) {
        static const Name path = {"alice"};
        _cleanup_(policy_clear) Policy policy = {}, again = {};
        _cleanup_(freep) char *copy = fuzz_copy(data, size);
        _cleanup_(freep) char *text = NULL;
        Fault fault = {};
        int r;

        r = policy_text_parse(&path, &policy, copy, size);
        if (r < 0) {
                property(r == -EBADMSG, "a policy is refused in one way");
                property(policy_equal(&policy, &again), "a refused policy leaves no trace");
                return false;
        }
        property(policy_check(&policy, &fault) == 0, "what is recorded could be set");
        property(policy_text_format(&path, &policy, &text) == 0, "what was read can be written");
        property(strlen(text) <= WRITER_DATA_MAX, "the writer takes a policy");
        property(policy_text_parse(&path, &again, text, strlen(text)) == 0,
                 "what was written can be read");
        property(policy_equal(&policy, &again), "a policy stays as it is");
        return true;
}
