/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What is said in the journal of unikernels, policies and block devices, each once and where it
 * happens, with the fields of albatross.journal-fields(7). OBJECT_SYSTEMD_UNIT= is among them, so
 * that journalctl -u of its scope shows what we say of a unikernel next to what it says itself.
 * Never what may be secret: arguments, MACs, what a client sent.
 */

#include "domain/fault.h"
#include "manager/blocks.h"
#include "manager/manager-internal.h"
#include "systemd/log.h"
#include "systemd/messages.h"

/* An entry with the fields that tell which one it is. */
void unikernel_log_begin(const Unikernel *unikernel,
                         LogEntry *entry,
                         int priority,
                         const char *message_id);

/* Something of it that has no number. */
__attribute__((format(printf, 3, 4))) void unikernel_log(const Unikernel *unikernel,
                                                         int priority,
                                                         const char *format,
                                                         ...);

void unikernel_log_created(const Unikernel *unikernel);
void unikernel_log_started(const Unikernel *unikernel);
/* A start that somebody has asked for. */
void unikernel_log_no_start(const Unikernel *unikernel, int r, const Fault *fault);
/* One that nobody has asked for, and that is tried again. */
void unikernel_log_held(const Unikernel *unikernel, int r, const Fault *fault);
void unikernel_log_adopted(const Unikernel *unikernel);
/* Of the run that was the last one; and what comes of that. */
void unikernel_log_ended(const Unikernel *unikernel);
/* It is another one from its next start on, or is what it was before again. */
void unikernel_log_changed(const Unikernel *unikernel, bool went_back);
void unikernel_log_destroyed(const Unikernel *unikernel);

void policy_log(const Name *path, const char *message_id, const char *what);
void block_log(const BlockDevice *device, const char *message_id, const char *what);

/* A file of the state directory that can't be used. */
void quarantine_log(const char *folder, const char *file, const char *reason, const char *effect);
