/* SPDX-License-Identifier: ISC */
#pragma once

/* Are two policies the same in each field? */

#include "domain/policy.h"

static inline bool policy_equal(const Policy *policy, const Policy *other) {
        for (PolicyField field = 0; field < POLICY_N_FIELDS; field++)
                if (!policy_field_equal(policy, other, field))
                        return false;
        return true;
}
