/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A start, shared by the files that do its parts: start-image.c takes in the image and chooses the
 * tender, start-run.c has that wait at its gate and placed in its scope, and start.c says what
 * comes when.
 */

#include "manager/manager-internal.h"
#include "manager/tenders.h"

struct Start {
        Unikernel *unikernel;
        bool creating, with_run;
        int image_fd;
        uint32_t uid;
        unsigned n_tries;
        ScopeStart *scope;
        uint64_t scope_overhead_bytes; /* what the scope has room for beyond the guest */
        Tender *tender;
        TenderWait tender_wait;
        uint32_t gid; /* that the tender needs */
        unsigned n_pending;
        bool recorded, opening;
        int r; /* the first failure */
        Fault fault;
};

/* --- start.c */
/* The first failure is the one that counts: later ones are often made by it. */
void start_fail(Start *start, int r);
/* Where it is told; NULL when there is one already. */
Fault *start_fault(Start *start);
int start_tell_launcher_gone(Start *start);
int start_tell_ended_at_gate(Start *start);
/* Something that was counted in .n_pending is over. May free @start. */
void start_pending_done(Start *start, int r);

/* --- start-image.c */
/* The image of one that is being created. @image_fd stays the caller's. */
int start_take_in(Start *start, int image_fd);
int start_open_image(Start *start);
int start_choose_tender(Start *start);

/* --- start-run.c */
/* A tender at its gate, and then its scope. */
int start_spawn(Start *start);
/* The scope of a new unikernel was asked for before its tender was known. */
int start_widen_scope(Start *start);
int start_open_gate(Start *start);
