/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A unikernel gets another configuration, or another image with it. What it is to become is checked
 * whole before anything is touched: policies, manifest, tender, bridges, block devices and MACs.
 * Then it is written down, and only then is what runs restarted.
 */

#include "manager/device-fill.h"
#include "manager/manager-internal.h"
#include "manager/tenders.h"

struct Revision {
        Manager *manager;
        Name name;
        const SetOrder *order; /* of a set; the caller's */
        Version *next;         /* what it is to become */
        Version *undo;         /* what it was, until that is written down */
        Version *older;        /* the version before that, as long */
        NotesReport notes;     /* of its new image */
        bool is_taken_in;      /* it has one */
        bool keeps;            /* what it was is kept as the version before */
        bool restarts;         /* at once, when it is to run */
        bool is_watching;      /* whether it stays up */
        bool goes_back;
        uint64_t watch_usec; /* 0: not at all */
        sd_event_source *timer;
        Tender *tender;
        TenderWait tender_wait;
        Fault why; /* it goes back */
        int r;     /* it could not be written down, and is taken back */
        Fault fault;
        ManagerDone done;
        void *userdata;
};

/* --- revision.c */
/* Checks .next and has its unikernel become it. Frees the revision and calls its handler, now or
 * later. */
void revision_carry_out(Revision *revision);
/* The same without a change, for @r. */
void revision_fail(Revision *revision, int r, const Fault *fault);
/* All is done. */
void revision_succeed(Revision *revision);
/* Its unikernel, if that is still there; and the end of a change whose unikernel is not. */
Unikernel *revision_find(const Revision *revision);
void revision_fail_gone(Revision *revision);
/* Nothing is to come for @unikernel after a restart, nor is it watched. */
void revision_forget(Unikernel *unikernel);

/* --- revision-watch.c */
/* A ManagerDone: its new version was started, or could not be. */
void revision_restarted(void *userdata, int r, const Fault *fault);

/* --- revision-check.c */
/* Fills in what was left out of .next. */
int revision_check(Revision *revision,
                   Unikernel *unikernel,
                   const DeviceWanted *wanted,
                   size_t n_wanted,
                   Fault *fault);
/* Is it wanted to run at this moment, and to be restarted? */
bool revision_is_to_restart(const Revision *revision, const Unikernel *unikernel);
