/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The life of a unikernel: in each state, what each event leads to. The manager performs the
 * actions; it decides nothing here.
 */

typedef enum State {
        STATE_STOPPED,
        STATE_STARTING,
        STATE_RUNNING,
        STATE_STOPPING,
        STATE_FAILED, /* its last run ended by itself, and badly */
        STATE_N_STATES,
} State;

typedef enum LifeEvent {
        LIFE_START,        /* somebody asks for it to run */
        LIFE_STOP,         /* somebody asks for it to end */
        LIFE_STARTED,      /* the tender was executed */
        LIFE_START_FAILED, /* a start was undone */
        LIFE_ENDED,        /* the tender is gone, and that is fine */
        LIFE_DIED,         /* the tender is gone, and that is a failure */
        LIFE_N_EVENTS,
} LifeEvent;

typedef enum LifeAction {
        LIFE_IMPOSSIBLE, /* a mistake of ours when it happens */
        LIFE_NOTHING,    /* answer with success at once */
        LIFE_BEGIN,      /* begin a start */
        LIFE_JOIN,       /* answer when what is under way is done */
        LIFE_CANCEL,     /* undo the start that is under way, then answer */
        LIFE_KILL,       /* end the tender, then answer */
        LIFE_REFUSE,     /* answer that this can't be asked for now */
        LIFE_SETTLE,     /* take note, answer those who wait */
} LifeAction;

typedef struct LifeStep {
        State state;
        LifeAction action;
} LifeStep;

LifeStep lifecycle_step(State state, LifeEvent event);

/* "stopped", ... */
const char *state_to_string(State state);
