/* SPDX-License-Identifier: ISC */

#include <assert.h>

#include "domain/lifecycle.h"

/* clang-format off */
static const LifeStep table[STATE_N_STATES][LIFE_N_EVENTS] = {
        [STATE_STOPPED] = {
                [LIFE_START]        = {STATE_STARTING, LIFE_BEGIN},
                [LIFE_STOP]         = {STATE_STOPPED,  LIFE_NOTHING},
        },
        [STATE_STARTING] = {
                [LIFE_START]        = {STATE_STARTING, LIFE_JOIN},
                [LIFE_STOP]         = {STATE_STOPPING, LIFE_CANCEL},
                [LIFE_STARTED]      = {STATE_RUNNING,  LIFE_SETTLE},
                [LIFE_START_FAILED] = {STATE_FAILED,   LIFE_SETTLE},
        },
        [STATE_RUNNING] = {
                [LIFE_START]        = {STATE_RUNNING,  LIFE_NOTHING},
                [LIFE_STOP]         = {STATE_STOPPING, LIFE_KILL},
                [LIFE_ENDED]        = {STATE_STOPPED,  LIFE_SETTLE},
                [LIFE_DIED]         = {STATE_FAILED,   LIFE_SETTLE},
        },
        [STATE_STOPPING] = {
                [LIFE_START]        = {STATE_STOPPING, LIFE_REFUSE},
                [LIFE_STOP]         = {STATE_STOPPING, LIFE_JOIN},
                [LIFE_START_FAILED] = {STATE_STOPPED,  LIFE_SETTLE},
                [LIFE_ENDED]        = {STATE_STOPPED,  LIFE_SETTLE},
                [LIFE_DIED]         = {STATE_STOPPED,  LIFE_SETTLE},
        },
        [STATE_FAILED] = {
                [LIFE_START]        = {STATE_STARTING, LIFE_BEGIN},
                [LIFE_STOP]         = {STATE_STOPPED,  LIFE_NOTHING},
        },
};
/* clang-format on */

static const char *const words[STATE_N_STATES] = {
        [STATE_STOPPED] = "stopped",   [STATE_STARTING] = "starting", [STATE_RUNNING] = "running",
        [STATE_STOPPING] = "stopping", [STATE_FAILED] = "failed",
};

LifeStep lifecycle_step(State state, LifeEvent event) {
        assert(state < STATE_N_STATES && event < LIFE_N_EVENTS);
        return table[state][event];
}

const char *state_to_string(State state) {
        assert(state < STATE_N_STATES);
        return words[state];
}
