/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The life of a unikernel: in each state, what each event leads to. The manager performs the
 * actions; it decides nothing here. Which event the end of a run is, is decided in restart.h.
 *
 *             START                    STARTED                  ENDED, DIED
 *   stopped ─────────▶ starting ─────────────────▶ running ─────────────────────▶ stopped, failed
 *                        ▲    │                       │
 *                        │    │ START_HELD            │ AGAIN
 *             START, DUE │    ▼                       ▼
 *                        └── waiting ◀────────────────┘
 *
 *   STOP:  starting ─(undo)─┐
 *                           ├─▶ stopping ─▶ stopped          waiting, failed ─▶ stopped
 *          running ──(kill)─┘
 *
 * A start that fails ends in failed. One that is stopping ends in stopped, whatever comes of it.
 * One that is found running when the daemon comes back (ADOPTED) is running, whatever was noted.
 */

#include <stdbool.h>

typedef enum State {
        STATE_STOPPED,
        STATE_STARTING,
        STATE_RUNNING,
        STATE_STOPPING,
        STATE_FAILED,  /* its last run ended by itself, and badly; or it could not be started */
        STATE_WAITING, /* it is started again when its delay is over, or what it lacks is there */
        STATE_N_STATES,
} State;

typedef enum LifeEvent {
        LIFE_START,        /* somebody asks for it to run */
        LIFE_STOP,         /* somebody asks for it to end */
        LIFE_STARTED,      /* the tender was executed */
        LIFE_START_FAILED, /* a start was undone */
        LIFE_START_HELD,   /* a start was undone, and is to be tried again */
        LIFE_ENDED,        /* the tender is gone, and that is fine */
        LIFE_DIED,         /* the tender is gone, and that is a failure */
        LIFE_AGAIN,        /* the tender is gone, and is to be started again */
        LIFE_DUE,          /* a delay is over, or something that was missing has appeared */
        LIFE_ADOPTED,      /* the tender was found running */
        LIFE_N_EVENTS,
} LifeEvent;

typedef enum LifeAction {
        LIFE_UNDECIDED,  /* no cell has it */
        LIFE_IMPOSSIBLE, /* a mistake of ours when it happens */
        LIFE_IGNORE,     /* it came too late, or is told to all; nobody waits for an answer */
        LIFE_NOTHING,    /* answer with success at once */
        LIFE_BEGIN,      /* begin a start; a delay that is under way is over */
        LIFE_JOIN,       /* answer when what is under way is done */
        LIFE_CANCEL,     /* undo the start that is under way, then answer */
        LIFE_KILL,       /* end the tender, then answer */
        LIFE_REFUSE,     /* answer that this can't be asked for now */
        LIFE_SETTLE,     /* take note, answer those who wait */
        LIFE_DELAY,      /* take note, answer those who wait, and start it again later */
        LIFE_GIVE_UP,    /* forget the start that was to come, then answer with success */
} LifeAction;

typedef struct LifeStep {
        State state;
        LifeAction action;
} LifeStep;

LifeStep lifecycle_step(State state, LifeEvent event);

/* Does one in @state take memory from its policies? All do but those stopped and failed. */
bool state_takes_memory(State state);

/* "stopped", ... */
const char *state_to_string(State state);
