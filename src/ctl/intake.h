/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The look into an image that "inspect" takes: by the same small programs that take images in for
 * the daemon, run as whoever asks, into memory. Nothing here reads a byte of the image itself.
 */

#include "domain/fault.h"
#include "image/wire.h"

typedef struct Intake {
        InflateReport inflate;
        StoreReport store;
        NotesReport notes;
} Intake;

/* @image_fd stays the caller's. Refused with the reason of the program that refused it. */
int intake_run(Intake *ret, int image_fd, Fault *fault);
