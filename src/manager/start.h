/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A start, shared by the files that do its parts: start-image.c takes in the image and chooses the
 * tender, start-devices.c brings the devices, start-run.c has the tender wait at its gate and
 * placed in its scope, and start.c says what comes when.
 */

#include "image/wire.h"
#include "manager/manager-internal.h"
#include "manager/tenders.h"

typedef struct StartTap {
        Start *start;
        int fd; /* -1 also for one that persists */
} StartTap;

struct Start {
        Unikernel *unikernel;
        bool creating, with_run;
        bool holds; /* tried again when it fails */
        int image_fd;
        uint32_t uid;
        UidWait uid_wait;
        unsigned n_tries;
        ScopeStart *scope;
        uint64_t scope_overhead_bytes; /* what the scope has room for beyond the guest */
        Tender *tender;
        TenderWait tender_wait;
        uint32_t gid; /* that the tender needs */
        int *block_fds;
        size_t n_block_fds;
        StartTap *taps;
        TapName *tap_names;
        size_t n_taps; /* that were asked for */
        bool brings_devices, taps_persist;
        UidHold *uid_hold; /* of its run that has ended */
        bool taps_handed;  /* they are the run's, which gives them back */
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
int start_take_in(Start *start, const StartOrder *order);
int start_open_image(Start *start);
int start_choose_tender(Start *start);

/* --- start-devices.c */
/* Fills in the configuration from what the image wants, or refuses it. */
int start_match_devices(Start *start, const NotesReport *notes);
int start_open_blocks(Start *start);
/* Once there are a tender and its uid. */
int start_bring_devices(Start *start);
/* What is sent needs no copy here: one that was kept could be the last of a tap. */
void start_close_devices(Start *start);
/* The start has failed. */
void start_drop_devices(Start *start);

/* --- start-run.c */
/* A tender at its gate, and then its scope. */
int start_spawn(Start *start);
/* The scope of a new unikernel was asked for before its tender was known. */
int start_widen_scope(Start *start);
int start_open_gate(Start *start);
