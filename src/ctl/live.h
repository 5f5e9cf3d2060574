/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What goes on until somebody ends it: an event loop that SIGINT, SIGTERM and SIGHUP end well, and
 * so does the reader of our output when it goes away, at once and not only with the next line.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

/* Is it SIGHUP, and ignored by who has started us, as nohup(1) does? Then it stays so. */
bool live_outlives(int number);

/* The caller owns *@ret. These signals are blocked from here on. */
int live_new(sd_event **ret);

/* Calls @handler first when the loop ends: to close a bus, which else would wait until all is sent.
 */
int live_at_end(sd_event *event, sd_event_handler_t handler, void *userdata);

/* Goes before whatever is printed: from here to live_flush() these signals end the program at once,
 * also while it waits for a reader who does not read. */
void live_begin(void);

/* Hands on what was printed; ends the loop when nobody reads it any more. */
void live_flush(sd_event *event);
