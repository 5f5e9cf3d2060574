/* SPDX-License-Identifier: ISC */

/* The tender of a start: at its gate, in its scope, and through the gate. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "manager/blocks.h"
#include "manager/chronicle.h"
#include "manager/gate.h"
#include "manager/start.h"

static void on_widened(void *userdata, int error) {
        Start *start = userdata;

        if (error < 0)
                error = fault_set(start_fault(start), FAULT_SCOPE_FAILED,
                                  "systemd did not give the scope of %s its memory: %s",
                                  start->unikernel->name.text, strerror(-error));
        start_pending_done(start, error);
}

int start_widen_scope(Start *start) {
        Unikernel *unikernel = start->unikernel;
        char unit[NAME_UNIT_MAX + 1];
        uint64_t overhead_bytes;
        int r;

        if (!start->tender || start->scope || start->scope_overhead_bytes == 0)
                return 0;
        overhead_bytes = tender_kind_overhead(start->tender->kind, unikernel->config.memory_bytes);
        if (overhead_bytes == start->scope_overhead_bytes)
                return 0;
        start->scope_overhead_bytes = overhead_bytes;
        unikernel_scope(unikernel, unit);
        r = scope_set_memory_max(unikernel->manager->bus, unit,
                                 unikernel->config.memory_bytes + overhead_bytes, on_widened,
                                 start);
        if (r >= 0)
                start->n_pending++;
        return r;
}

/* Where to look: at a unit that is in the way, or else at the slice, which outlives the scope. */
static int refuse_scope(Start *start, int error, const char *reason) {
        Fault *fault = start_fault(start);
        char unit[NAME_UNIT_MAX + 1];
        int r;

        r = fault_set(fault, FAULT_SCOPE_FAILED, "systemd did not start the scope of %s: %s",
                      start->unikernel->name.text, reason);
        if (error == -EEXIST)
                unikernel_scope(start->unikernel, unit);
        else
                unikernel_slice(start->unikernel, unit);
        if (error == -EEXIST || error == -EIO)
                fault_hint(fault, "See: systemctl status %s", unit);
        return r;
}

static void on_scoped(void *userdata, int error, const char *reason) {
        Start *start = userdata;

        start->scope = scope_start_free(start->scope);
        run_note_scope(start->unikernel, error);
        unikernel_log(start->unikernel, LOG_DEBUG, "The scope of %s: %s",
                      start->unikernel->name.text, error < 0 ? reason : "is there");
        if (error < 0)
                error = refuse_scope(start, error, reason);
        else if (start->r == 0)
                error = start_widen_scope(start);
        start_pending_done(start, error);
}

static int begin_scope(Start *start) {
        Unikernel *unikernel = start->unikernel;
        char unit[NAME_UNIT_MAX + 1], slice[NAME_UNIT_MAX + 1];
        uint8_t mask[CPUS_MAX / 8];
        char description[NAME_MAX_LENGTH + 16];
        int r;

        r = slices_take(unikernel->manager, &unikernel->name, &unikernel->run->slice_number);
        if (r < 0)
                return r;
        unikernel->run->sliced = true;
        start->scope_overhead_bytes =
                tender_kind_overhead(start->tender ? start->tender->kind : TENDER_ALBATROSS_SPT,
                                     unikernel->config.memory_bytes);
        unikernel_scope(unikernel, unit);
        unikernel_slice(unikernel, slice);
        snprintf(description, sizeof(description), "Unikernel %s", unikernel->name.text);
        cpus_to_mask(&unikernel->config.cpus, mask);

        r = scope_start(&start->scope, unikernel->manager->scopes,
                        &(const ScopeSpec){
                                .unit = unit,
                                .slice = slice,
                                .description = description,
                                .pid = unikernel->run->pid,
                                .memory_max_bytes = unikernel->config.memory_bytes +
                                                    start->scope_overhead_bytes,
                                .allowed_cpus = mask,
                                .allowed_cpus_size =
                                        cpus_is_empty(&unikernel->config.cpus) ? 0 : sizeof(mask),
                                .timeout_usec = unikernel->manager->settings.start_usec,
                        },
                        on_scoped, start);
        /* In between two connections to the message bus PID 1 can't even be asked. */
        if (r < 0)
                return refuse_scope(start, r,
                                    r == -ENOTCONN ? "the connection to systemd was lost meanwhile"
                                                   : strerror(-r));
        start->n_pending++;
        return 0;
}

static void on_spawned(void *userdata, const LauncherReply *reply) {
        Start *start = userdata;
        Unikernel *unikernel = start->unikernel;
        int r = reply ? reply->error : -EPIPE;

        if (r < 0) {
                uid_pool_release(unikernel->manager->uids, start->uid);
                if (r == -EBUSY && ++start->n_tries < UID_TRIES) {
                        r = start_spawn(start);
                        if (r >= 0)
                                start->n_pending--;
                } else if (r == -EPERM)
                        r = fault_set(start_fault(start), FAULT_START_FAILED,
                                      "albatross-launcher does not lend the uid %u: see UidRange= "
                                      "in albatrossd.conf(5)",
                                      start->uid);
                else if (r == -EPIPE)
                        r = start_tell_launcher_gone(start);
                else
                        r = fault_set(start_fault(start), FAULT_START_FAILED,
                                      "albatross-launcher could not fork the tender of %s: %s",
                                      unikernel->name.text, strerror(-r));
                if (r < 0)
                        start_pending_done(start, r);
                return;
        }

        unikernel->run = run_new(unikernel, reply);
        if (unikernel->run)
                unikernel_log(unikernel, LOG_DEBUG, "%s is at its gate: process %d, user %u",
                              unikernel->name.text, unikernel->run->pid, unikernel->run->uid);
        if (!unikernel->run)
                r = -ENOMEM;
        else if (start->r == 0) {
                r = begin_scope(start);
                if (r >= 0)
                        r = start_bring_devices(start);
        }
        start_pending_done(start, r);
}

static void spawn_again(void *userdata) {
        Start *start = userdata;

        start_pending_done(start, start->r == 0 ? start_spawn(start) : 0);
}

int start_spawn(Start *start) {
        Unikernel *unikernel = start->unikernel;
        LauncherCall call = {
                .request.verb = LAUNCHER_SPAWN,
                .done = on_spawned,
                .userdata = start,
        };
        int r;

        r = manager_take_uid(unikernel->manager, &start->uid);
        if (r < 0) {
                start->uid_wait.again = spawn_again;
                start->uid_wait.userdata = start;
                if (manager_wait_for_uid(unikernel->manager, &start->uid_wait)) {
                        start->n_pending++;
                        return 0;
                }
                return fault_set(start_fault(start), FAULT_TOO_MANY_REQUESTS,
                                 "All uids for unikernels are in use");
        }
        call.request.uid = start->uid;
        strcpy(call.request.name, unikernel->name.text);
        unikernel_scope(unikernel, call.request.scope);
        r = launcher_call(unikernel->manager->launcher, &call);
        if (r < 0) {
                uid_pool_release(unikernel->manager->uids, start->uid);
                r = fault_set(start_fault(start), FAULT_LAUNCHER_GONE,
                              "albatross-launcher can't be reached: %s", strerror(-r));
                fault_hint(start_fault(start), "See: systemctl status albatross-launcher");
                return r;
        }
        start->n_pending++;
        return 0;
}

static void on_opened(void *userdata, const LauncherReply *reply) {
        Start *start = userdata;
        bool tried = reply && reply->step != LAUNCHER_STEP_NONE;
        int r = reply ? reply->error : -EPIPE;

        /* A launcher that does not know the child is not the one that forked it. */
        if (!reply || (r == -ENOENT && !tried))
                r = start_tell_launcher_gone(start);
        else if (r == -ESRCH && !tried)
                r = start_tell_ended_at_gate(start);
        else if (r < 0)
                r = fault_set(start_fault(start), FAULT_START_FAILED,
                              "The tender %s could not be executed: %s (step %u)",
                              start->tender->path, strerror(-r), reply->step);
        start_pending_done(start, r);
}

int start_open_gate(Start *start) {
        Unikernel *unikernel = start->unikernel;
        char unit[NAME_UNIT_MAX + 1];
        int tap_fds[DEVICES_MAX];
        int r;

        /* Whoever adopts this run must know it before it does anything. */
        unikernel_scope(unikernel, unit);
        unikernel->run->invocation = scope_invocation(unit);
        unikernel->run->added_name = unikernel->config.add_name;
        unikernel->run->opened_usec = clock_usec(CLOCK_MONOTONIC);
        unikernel->run->started_usec = clock_usec(CLOCK_REALTIME);
        r = unikernel_note_invocation(unikernel, unikernel->run->invocation);
        if (r >= 0)
                r = run_set_taps(unikernel->run, start->tap_names, start->n_taps,
                                 start->taps_persist);
        if (r >= 0)
                r = blocks_note(unikernel);
        if (r < 0)
                return r;
        start->taps_handed = true;
        revision_note_run(unikernel);
        r = run_record_write(unikernel);
        if (r < 0)
                return r;
        consoles_add_run(unikernel);
        for (size_t i = 0; i < start->n_taps; i++)
                tap_fds[i] = start->taps[i].fd;

        r = gate_open(unikernel, &(const GateOrder){
                                         .tender = start->tender,
                                         .gid = start->gid,
                                         .image_fd = start->image_fd,
                                         .tap_fds = tap_fds,
                                         .block_fds = start->block_fds,
                                         .done = on_opened,
                                         .userdata = start,
                                 });
        if (r < 0)
                return r;
        start_close_devices(start);
        unikernel_log(unikernel, LOG_DEBUG, "The gate of %s is opened for %s", unikernel->name.text,
                      start->tender->path);
        start->opening = true;
        start->n_pending++;
        return 0;
}
