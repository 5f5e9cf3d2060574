/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What the daemon says, in the journal's own protocol: a text, and fields to find it by. Nothing
 * here ever waits for journald. What it does not take at once is kept, up to a bound, and sent from
 * the event loop when it does; what is beyond that is lost, and how much that was is said
 * afterwards. One descriptor is opened at the start and serves for ever: later there may be none.
 *
 * Until log_open() everything goes to the standard error output.
 */

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>
#include <systemd/sd-event.h>

/* Longer texts are cut, and fields that have no place any more are left out. A text always has
 * one. */
#define LOG_ENTRY_MAX 4096U
#define LOG_TEXT_MAX  1500U

/* One that is being made; what is said with it comes last, in log_send(). */
typedef struct LogEntry {
        int priority; /* the level of syslog(3), perhaps with a facility */
        bool is_kept; /* whatever the level of the log */
        size_t size;
        char data[LOG_ENTRY_MAX];
} LogEntry;

#define LOG_JOURNAL "/run/systemd/journal/socket"

/* The identifier is what is logged under; it must stay valid. @socket_path: LOG_JOURNAL. */
int log_open(const char *identifier, const char *socket_path);

/* What waits is sent from this loop, until log_close(). */
int log_attach(sd_event *event);
void log_close(void);

/* @message_id: one of systemd/messages.h, or NULL. */
void log_begin(LogEntry *entry, int priority, const char *message_id);

/* Leaves out a value that is empty. */
__attribute__((format(printf, 3, 4))) void log_field(LogEntry *entry,
                                                     const char *name,
                                                     const char *format,
                                                     ...);

__attribute__((format(printf, 2, 3))) void log_send(LogEntry *entry, const char *format, ...);

/* All three for a text that has no fields. */
__attribute__((format(printf, 2, 3))) void log_print(int priority, const char *format, ...);

/* --- org.freedesktop.LogControl1 */

const char *log_identifier(void);

/* "info", ...: what is less important than that is not said. -EINVAL for none of these words. */
const char *log_level_to_string(void);
int log_set_level(const char *word);

/* "journal" or "console": the standard error output. */
const char *log_target_to_string(void);
int log_set_target(const char *word);
