/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What goes on until somebody ends it: an event loop that SIGINT, SIGTERM and SIGHUP end well, and
 * so does the reader of our output when it goes away, at once and not only with the next line.
 */

#include <systemd/sd-event.h>

/* The caller owns *@ret. These signals are blocked from here on. */
int live_new(sd_event **ret);

/* Hands on what was printed; ends the loop when nobody reads it any more. */
void live_flush(sd_event *event);
