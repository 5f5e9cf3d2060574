/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * polkit's text agent beside us, so that whoever is not root and sits at a terminal can be asked
 * for a password. It steps back where the desktop has an agent already.
 */

#include <sys/types.h>

#include "ctl/options.h"

typedef pid_t Agent;

#define AGENT_NONE ((Agent) -1)

/* May somebody be asked for a password, and is there anybody to ask? */
bool agent_wanted(const Options *options);

/* Returns when the agent is ready to be asked. AGENT_NONE where none is needed, or none is there:
 * then polkit's refusal says what is missing. */
Agent agent_start(const Options *options);

/* Ends it and waits for it, so that it leaves the terminal as it was. */
void agent_stop(Agent *agent);
