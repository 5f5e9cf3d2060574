/* SPDX-License-Identifier: ISC */

#include <assert.h>

#include "domain/lifecycle.h"

/* Where something impossible leads to is where it is. */
/* clang-format off */
static const LifeStep table[STATE_N_STATES][LIFE_N_EVENTS] = {
        [STATE_STOPPED] = {
                [LIFE_START]        = {STATE_STARTING, LIFE_BEGIN},
                [LIFE_STOP]         = {STATE_STOPPED,  LIFE_NOTHING},
                [LIFE_STARTED]      = {STATE_STOPPED,  LIFE_IMPOSSIBLE},
                [LIFE_START_FAILED] = {STATE_STOPPED,  LIFE_IMPOSSIBLE},
                [LIFE_START_HELD]   = {STATE_STOPPED,  LIFE_IMPOSSIBLE},
                [LIFE_ENDED]        = {STATE_STOPPED,  LIFE_IMPOSSIBLE},
                [LIFE_DIED]         = {STATE_STOPPED,  LIFE_IMPOSSIBLE},
                [LIFE_AGAIN]        = {STATE_STOPPED,  LIFE_IMPOSSIBLE},
                [LIFE_DUE]          = {STATE_STOPPED,  LIFE_IGNORE},
                [LIFE_ADOPTED]      = {STATE_RUNNING,  LIFE_SETTLE},
        },
        [STATE_STARTING] = {
                [LIFE_START]        = {STATE_STARTING, LIFE_JOIN},
                [LIFE_STOP]         = {STATE_STOPPING, LIFE_CANCEL},
                [LIFE_STARTED]      = {STATE_RUNNING,  LIFE_SETTLE},
                [LIFE_START_FAILED] = {STATE_FAILED,   LIFE_SETTLE},
                [LIFE_START_HELD]   = {STATE_WAITING,  LIFE_DELAY},
                /* A tender that is gone before its start was finished is a start that failed. */
                [LIFE_ENDED]        = {STATE_STARTING, LIFE_IMPOSSIBLE},
                [LIFE_DIED]         = {STATE_STARTING, LIFE_IMPOSSIBLE},
                [LIFE_AGAIN]        = {STATE_STARTING, LIFE_IMPOSSIBLE},
                [LIFE_DUE]          = {STATE_STARTING, LIFE_IGNORE},
                [LIFE_ADOPTED]      = {STATE_STARTING, LIFE_IMPOSSIBLE},
        },
        [STATE_RUNNING] = {
                [LIFE_START]        = {STATE_RUNNING,  LIFE_NOTHING},
                [LIFE_STOP]         = {STATE_STOPPING, LIFE_KILL},
                [LIFE_STARTED]      = {STATE_RUNNING,  LIFE_IMPOSSIBLE},
                [LIFE_START_FAILED] = {STATE_RUNNING,  LIFE_IMPOSSIBLE},
                [LIFE_START_HELD]   = {STATE_RUNNING,  LIFE_IMPOSSIBLE},
                [LIFE_ENDED]        = {STATE_STOPPED,  LIFE_SETTLE},
                [LIFE_DIED]         = {STATE_FAILED,   LIFE_SETTLE},
                [LIFE_AGAIN]        = {STATE_WAITING,  LIFE_DELAY},
                [LIFE_DUE]          = {STATE_RUNNING,  LIFE_IGNORE},
                [LIFE_ADOPTED]      = {STATE_RUNNING,  LIFE_IGNORE},
        },
        [STATE_STOPPING] = {
                [LIFE_START]        = {STATE_STOPPING, LIFE_REFUSE},
                [LIFE_STOP]         = {STATE_STOPPING, LIFE_JOIN},
                /* The start was too far to be undone when the stop came. */
                [LIFE_STARTED]      = {STATE_STOPPING, LIFE_KILL},
                [LIFE_START_FAILED] = {STATE_STOPPED,  LIFE_SETTLE},
                [LIFE_START_HELD]   = {STATE_STOPPED,  LIFE_SETTLE},
                [LIFE_ENDED]        = {STATE_STOPPED,  LIFE_SETTLE},
                [LIFE_DIED]         = {STATE_STOPPED,  LIFE_SETTLE},
                [LIFE_AGAIN]        = {STATE_STOPPED,  LIFE_SETTLE},
                [LIFE_DUE]          = {STATE_STOPPING, LIFE_IGNORE},
                [LIFE_ADOPTED]      = {STATE_STOPPING, LIFE_IMPOSSIBLE},
        },
        [STATE_FAILED] = {
                [LIFE_START]        = {STATE_STARTING, LIFE_BEGIN},
                [LIFE_STOP]         = {STATE_STOPPED,  LIFE_NOTHING},
                [LIFE_STARTED]      = {STATE_FAILED,   LIFE_IMPOSSIBLE},
                [LIFE_START_FAILED] = {STATE_FAILED,   LIFE_IMPOSSIBLE},
                [LIFE_START_HELD]   = {STATE_FAILED,   LIFE_IMPOSSIBLE},
                [LIFE_ENDED]        = {STATE_FAILED,   LIFE_IMPOSSIBLE},
                [LIFE_DIED]         = {STATE_FAILED,   LIFE_IMPOSSIBLE},
                [LIFE_AGAIN]        = {STATE_FAILED,   LIFE_IMPOSSIBLE},
                [LIFE_DUE]          = {STATE_FAILED,   LIFE_IGNORE},
                [LIFE_ADOPTED]      = {STATE_RUNNING,  LIFE_SETTLE},
        },
        [STATE_WAITING] = {
                [LIFE_START]        = {STATE_STARTING, LIFE_BEGIN},
                [LIFE_STOP]         = {STATE_STOPPED,  LIFE_GIVE_UP},
                [LIFE_STARTED]      = {STATE_WAITING,  LIFE_IMPOSSIBLE},
                [LIFE_START_FAILED] = {STATE_WAITING,  LIFE_IMPOSSIBLE},
                [LIFE_START_HELD]   = {STATE_WAITING,  LIFE_IMPOSSIBLE},
                [LIFE_ENDED]        = {STATE_WAITING,  LIFE_IMPOSSIBLE},
                [LIFE_DIED]         = {STATE_WAITING,  LIFE_IMPOSSIBLE},
                [LIFE_AGAIN]        = {STATE_WAITING,  LIFE_IMPOSSIBLE},
                [LIFE_DUE]          = {STATE_STARTING, LIFE_BEGIN},
                [LIFE_ADOPTED]      = {STATE_RUNNING,  LIFE_SETTLE},
        },
};
/* clang-format on */

static const char *const words[STATE_N_STATES] = {
        [STATE_STOPPED] = "stopped",   [STATE_STARTING] = "starting", [STATE_RUNNING] = "running",
        [STATE_STOPPING] = "stopping", [STATE_FAILED] = "failed",     [STATE_WAITING] = "waiting",
};

LifeStep lifecycle_step(State state, LifeEvent event) {
        assert(state < STATE_N_STATES && event < LIFE_N_EVENTS);
        return table[state][event];
}

bool state_takes_memory(State state) {
        return state != STATE_STOPPED && state != STATE_FAILED;
}

const char *state_to_string(State state) {
        assert(state < STATE_N_STATES);
        return words[state];
}
