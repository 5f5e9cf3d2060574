/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Takes in an image: the client's bytes go through inflate and store into a new file, which is then
 * published under its digest while read-notes looks at it. The daemon touches none of these bytes.
 */

#include "image/wire.h"
#include "manager/manager-internal.h"

typedef struct IntakeResult {
        ImageInfo info;
        NotesReport notes;
        Image *hold;  /* the receiver's to release */
        int image_fd; /* read-only, the receiver's; it sets it to -1 when it takes it */
} IntakeResult;

/* @r as for ManagerDone; @result is there when it is 0, and valid during the call. */
typedef void (*IntakeDone)(void *userdata, int r, const Fault *fault, IntakeResult *result);

typedef struct IntakeOrder {
        const Name *name; /* whose image it is to be; copied */
        int client_fd;    /* stays the caller's */
        bool is_delegated;
} IntakeOrder;

/* @done is called exactly once, from the event loop, when this returns 0. */
int intake_start(Manager *manager, const IntakeOrder *order, IntakeDone done, void *userdata);

/* The owners of @path have changed: what others than root bring below it ends. */
void intakes_revoke(Manager *manager, const Name *path);
