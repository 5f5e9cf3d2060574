/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A stream of lines to the journal, opened as PID 1 opens one for a service: with the unit written
 * into its header, which journald believes only of root. So it knows the unit of every line, also
 * of one that it reads when the process and its cgroup are gone already.
 */

/* @identifier and @unit must not contain line breaks. Waits at most two seconds for journald. The
 * caller owns *@ret_fd. */
int journal_stream_open(const char *identifier, const char *unit, int *ret_fd);
