/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What a unikernel has printed, as journald keeps it: the entries of its scope, and the notices of
 * journald itself that it has dropped some of them.
 */

#include <systemd/sd-journal.h>

#include "systemd/console-export.h"
#include "systemd/console-options.h"

/* Opens the journal of this machine and sees only the entries of @scope. */
int console_journal_open(sd_journal **ret, const char *scope);

/* What must be known of the current entry to decide about it. -ENODATA when it is broken. */
int console_journal_look(sd_journal *journal, ConsoleEntry *ret);

/* Goes to the first entry that has been asked for. 1: the current one is it, 0: the next one. */
int console_journal_seek(sd_journal *journal, const ConsoleOptions *options);

/* Hands on where it stands, in an entry that has nothing else: behind that is all that has not been
 * handed on. */
int console_journal_export_place(sd_journal *journal, ConsoleExport *export);

/* Hands on the current entry. */
int console_journal_export(sd_journal *journal, ConsoleExport *export);
