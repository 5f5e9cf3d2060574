/* SPDX-License-Identifier: ISC */

/*
 * One start, in the order of ARCHITECTURE.md. Taking in the image, forking the tender at its gate,
 * placing it in its scope and writing the record overlap; the gate is opened when all of them have
 * succeeded. When one fails nothing new begins, what is under way is waited for (all of it is
 * bounded), and then all is undone, so that no end comes too late for its start.
 */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "domain/device-match.h"
#include "host/tender.h"
#include "manager/gate.h"
#include "manager/intake.h"
#include "manager/manager-internal.h"

/* How often another uid is tried when somebody else holds the lock of the one we took. */
#define TRIES 8

struct Start {
        Unikernel *unikernel;
        bool creating, with_run;
        int image_fd;
        uint32_t uid;
        unsigned n_tries;
        ScopeStart *scope;
        uint64_t scope_overhead_bytes; /* what the scope has room for beyond the guest */
        Tender *tender;
        TenderWait tender_wait;
        uint32_t gid; /* that the tender needs */
        unsigned n_pending;
        bool recorded, opening;
        int r; /* the first failure */
        Fault fault;
};

static void advance(Start *start);

static void fail(Start *start, int r) {
        if (start->r == 0)
                start->r = r;
}

/* The first failure is the one that is told: later ones are often made by it. */
static Fault *fault_to_tell(Start *start) {
        return start->r == 0 ? &start->fault : NULL;
}

static int tell_launcher_gone(Start *start) {
        return fault_set(fault_to_tell(start), FAULT_LAUNCHER_GONE,
                         "albatross-launcher went away while %s was started",
                         start->unikernel->name.text);
}

static int tell_ended_at_gate(Start *start) {
        return fault_set(fault_to_tell(start), FAULT_START_FAILED,
                         "The tender of %s ended at its gate", start->unikernel->name.text);
}

static void pending_done(Start *start, int r) {
        start->n_pending--;
        if (r < 0)
                fail(start, r);
        advance(start);
}

/* --- the tender at its gate, and its scope --- */

static void on_widened(void *userdata, int error) {
        Start *start = userdata;

        if (error < 0)
                error = fault_set(fault_to_tell(start), FAULT_SCOPE_FAILED,
                                  "systemd did not give the scope of %s its memory: %s",
                                  start->unikernel->name.text, strerror(-error));
        pending_done(start, error);
}

/* The scope of a new unikernel was asked for before its tender was known. */
static int widen_scope(Start *start) {
        Unikernel *unikernel = start->unikernel;
        char unit[NAME_UNIT_MAX + 1];
        uint64_t overhead_bytes;
        int r;

        if (!start->tender || start->scope || start->scope_overhead_bytes == 0)
                return 0;
        overhead_bytes = tender_kind_overhead(start->tender->kind);
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

static void on_scoped(void *userdata, int error, const char *reason) {
        Start *start = userdata;

        start->scope = scope_start_free(start->scope);
        if (error < 0)
                error = fault_set(fault_to_tell(start), FAULT_SCOPE_FAILED,
                                  "systemd did not start the scope of %s: %s",
                                  start->unikernel->name.text, reason);
        else if (start->r == 0)
                error = widen_scope(start);
        pending_done(start, error);
}

static int begin_scope(Start *start) {
        Unikernel *unikernel = start->unikernel;
        char unit[NAME_UNIT_MAX + 1], slice[NAME_UNIT_MAX + 1];
        uint8_t mask[CPUS_MAX / 8] = {};
        char description[NAME_MAX_LENGTH + 16];
        int r;

        r = slices_take(unikernel->manager, &unikernel->name, &unikernel->run->slice_number);
        if (r < 0)
                return r;
        unikernel->run->scoped = true;
        start->scope_overhead_bytes =
                tender_kind_overhead(start->tender ? start->tender->kind : TENDER_ALBATROSS_SPT);
        unikernel_scope(unikernel, unit);
        unikernel_slice(unikernel, slice);
        snprintf(description, sizeof(description), "Unikernel %s", unikernel->name.text);
        for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
                if (cpus_contains(&unikernel->config.cpus, cpu))
                        mask[cpu / 8] |= (uint8_t) (1U << cpu % 8);

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
                        },
                        on_scoped, start);
        if (r < 0)
                return r;
        start->n_pending++;
        return 0;
}

static int begin_spawn(Start *start);

static void on_spawned(void *userdata, const LauncherReply *reply) {
        Start *start = userdata;
        Unikernel *unikernel = start->unikernel;
        int r = reply ? reply->error : -EPIPE;

        if (r < 0) {
                uid_pool_release(unikernel->manager->uids, start->uid);
                if (r == -EBUSY && ++start->n_tries < TRIES) {
                        r = begin_spawn(start);
                        if (r >= 0)
                                start->n_pending--;
                } else if (r == -EPERM)
                        r = fault_set(fault_to_tell(start), FAULT_START_FAILED,
                                      "albatross-launcher does not lend the uid %u: see UidRange= "
                                      "in albatrossd.conf(5)",
                                      start->uid);
                else if (r == -EPIPE)
                        r = tell_launcher_gone(start);
                if (r < 0)
                        pending_done(start, r);
                return;
        }

        unikernel->run = run_new(unikernel, reply);
        if (!unikernel->run)
                r = -ENOMEM;
        else if (start->r == 0)
                r = begin_scope(start);
        pending_done(start, r);
}

static int begin_spawn(Start *start) {
        Unikernel *unikernel = start->unikernel;
        LauncherCall call = {
                .request.verb = LAUNCHER_SPAWN,
                .done = on_spawned,
                .userdata = start,
        };
        int r;

        r = manager_take_uid(unikernel->manager, &start->uid);
        if (r < 0)
                return fault_set(fault_to_tell(start), FAULT_TOO_MANY_REQUESTS,
                                 "All uids for unikernels are in use");
        call.request.uid = start->uid;
        strcpy(call.request.name, unikernel->name.text);
        unikernel_scope(unikernel, call.request.scope);
        r = launcher_call(unikernel->manager->launcher, &call);
        if (r < 0) {
                uid_pool_release(unikernel->manager->uids, start->uid);
                r = fault_set(fault_to_tell(start), FAULT_LAUNCHER_GONE,
                              "albatross-launcher can't be reached: %s", strerror(-r));
                fault_hint(fault_to_tell(start), "See: systemctl status albatross-launcher");
                return r;
        }
        start->n_pending++;
        return 0;
}

/* --- the image and the record --- */

static int check_devices(Start *start, const NotesReport *notes) {
        const Bridges no_bridges = {};

        if (notes->n_devices > 0)
                return fault_set(&start->fault, FAULT_DEVICE_MISMATCH,
                                 "The image needs the %s device \"%s\", which can't be had yet",
                                 notes->devices[0].type == IMAGE_DEVICE_NET ? "network" : "block",
                                 notes->devices[0].name);
        return devices_match(&start->unikernel->config.devices,
                             &(const DeviceOffer){.bridges = &no_bridges}, &start->fault);
}

static int use_tender(Start *start) {
        Unikernel *unikernel = start->unikernel;
        int r;

        if (start->with_run && tender_kind_target(start->tender->kind) == TENDER_TARGET_HVT) {
                r = kvm_group(&start->gid, &start->fault);
                if (r < 0)
                        return r;
        }
        r = unikernel_set_tender(unikernel, start->tender->path,
                                 tender_kind_shows_arguments(start->tender->kind));
        if (r < 0)
                return r;
        r = widen_scope(start);
        if (r < 0)
                return r;
        /* unikernel_settle() comes back here when it is on disk. */
        return start->creating ? record_save(unikernel) : 0;
}

static void choose_again(void *userdata);

static int choose_tender(Start *start) {
        Unikernel *unikernel = start->unikernel;
        Tenders *tenders = unikernel->manager->tenders;
        int r;

        r = tenders_choose(tenders, unikernel->image.target, unikernel->image.abi_version,
                           &start->tender, &start->fault);
        if (r >= 0)
                return use_tender(start);
        if (r != -EAGAIN)
                return r;
        start->tender_wait = (TenderWait){.again = choose_again, .userdata = start};
        tenders_wait(tenders, &start->tender_wait);
        start->n_pending++;
        return 0;
}

static void choose_again(void *userdata) {
        Start *start = userdata;

        pending_done(start, start->r == 0 ? choose_tender(start) : 0);
}

static void on_taken_in(void *userdata, int r, const Fault *fault, IntakeResult *result) {
        Start *start = userdata;
        Unikernel *unikernel = start->unikernel;

        if (r < 0)
                start->fault = start->r == 0 ? *fault : start->fault;
        else {
                unikernel->image = result->info;
                unikernel->image_hold = TAKE_PTR(result->hold);
                start->image_fd = TAKE_FD(result->image_fd);
                if (start->r == 0)
                        r = check_devices(start, &result->notes);
                if (start->r == 0 && r == 0)
                        r = choose_tender(start);
        }
        pending_done(start, r);
}

/* --- the gate --- */

static void on_opened(void *userdata, const LauncherReply *reply) {
        Start *start = userdata;
        bool tried = reply && reply->step != LAUNCHER_STEP_NONE;
        int r = reply ? reply->error : -EPIPE;

        /* A launcher that does not know the child is not the one that forked it. */
        if (!reply || (r == -ENOENT && !tried))
                r = tell_launcher_gone(start);
        else if (r == -ESRCH && !tried)
                r = tell_ended_at_gate(start);
        else if (r < 0)
                r = fault_set(fault_to_tell(start), FAULT_START_FAILED,
                              "The tender %s could not be executed: %s (step %u)",
                              start->tender->path, strerror(-r), reply->step);
        pending_done(start, r);
}

static int open_gate(Start *start) {
        Unikernel *unikernel = start->unikernel;
        char unit[NAME_UNIT_MAX + 1];
        int r;

        /* Whoever adopts this run must know it before it does anything. */
        unikernel_scope(unikernel, unit);
        unikernel->run->invocation = scope_invocation(unit);
        r = unikernel_note_invocation(unikernel, unikernel->run->invocation);
        if (r >= 0)
                r = run_record_write(unikernel);
        if (r < 0)
                return r;
        consoles_add_run(unikernel);

        r = gate_open(unikernel, &(const GateOrder){
                                         .tender = start->tender,
                                         .gid = start->gid,
                                         .image_fd = start->image_fd,
                                         .done = on_opened,
                                         .userdata = start,
                                 });
        if (r < 0)
                return r;
        start->opening = true;
        start->n_pending++;
        return 0;
}

/* --- as a whole --- */

static void start_free(Start *start) {
        scope_start_free(start->scope);
        tender_unref(start->tender);
        fd_close(start->image_fd);
        free(start);
}

static void finish_well(Start *start) {
        Unikernel *unikernel = start->unikernel;

        unikernel->start = NULL;
        if (start->with_run)
                unikernel->run->opened = true;
        /* The answer goes out before the signals: somebody waits for it. */
        if (start->creating) {
                unikernel->recorded = true;
                unikernel_answer(unikernel, WAIT_FOR_START, 0, NULL);
                unikernel->manager->observer.added(unikernel->manager->observer.userdata,
                                                   unikernel);
        } else
                unikernel_answer(unikernel, WAIT_FOR_START, 0, NULL);
        /* Of one that had ended already, and had only that to be written down. */
        unikernel_answer(unikernel, WAIT_FOR_STOP, 0, NULL);
        unikernel_set_state(unikernel,
                            start->with_run ? lifecycle_step(unikernel->state, LIFE_STARTED).state
                                            : STATE_STOPPED);
        start_free(start);
        unikernel_settle(unikernel);
}

static void finish_badly(Start *start) {
        Unikernel *unikernel = start->unikernel;

        unikernel->start = NULL;
        unikernel_set_state(unikernel, lifecycle_step(unikernel->state, LIFE_START_FAILED).state);
        if (start->creating) {
                /* What was never acknowledged must not come back with the next boot; and who is
                 * told of the failure must find the name free again. */
                unikernel->destroying = true;
                unikernel->removing = !start->recorded;
                unikernel->create_r = start->r;
                unikernel->create_fault = fault_copy(&start->fault);
        } else
                unikernel_answer(unikernel, WAIT_FOR_START, start->r, &start->fault);
        start_free(start);
        unikernel_settle(unikernel);
}

/* Looks at what is there and does what is next. Called after every change; may free @start. */
static void advance(Start *start) {
        Unikernel *unikernel = start->unikernel;

        if (start->r == 0 && unikernel->save_error < 0)
                fail(start,
                     fault_set(&start->fault,
                               unikernel->save_error == -ENOSPC ? FAULT_NO_SPACE : FAULT_FAILED,
                               "The record of %s could not be written: %s", unikernel->name.text,
                               strerror(-unikernel->save_error)));

        if (start->n_pending > 0 || unikernel->n_saving > 0)
                return;
        if (start->creating && unikernel->image_hold)
                start->recorded = true;

        if (start->r < 0) {
                if (unikernel->run)
                        run_signal(unikernel, SIGKILL); /* run_ended() comes back here */
                else
                        finish_badly(start);
                return;
        }
        if (start->with_run && !start->opening) {
                int r = open_gate(start);

                if (r < 0) {
                        fail(start, r);
                        advance(start);
                }
                return;
        }
        finish_well(start);
}

void start_saved(Start *start) {
        advance(start);
}

void start_lost_run(Start *start, bool orphaned) {
        fail(start, orphaned ? tell_launcher_gone(start) : tell_ended_at_gate(start));
        advance(start);
}

void start_cancel(Start *start) {
        if (start->r == 0)
                fail(start, fault_set(&start->fault, FAULT_WRONG_STATE,
                                      "%s was stopped while it was starting",
                                      start->unikernel->name.text));
        advance(start);
}

static int open_image(Start *start) {
        char path[sizeof("images/") + IMAGE_DIGEST_TEXT_SIZE];

        snprintf(path, sizeof(path), "images/%s", start->unikernel->image.digest);
        start->image_fd = openat(start->unikernel->manager->state_fd, path, O_RDONLY | O_CLOEXEC);
        if (start->image_fd < 0)
                return fault_set(&start->fault, FAULT_INVALID_IMAGE,
                                 "The image of %s can't be opened: %s", start->unikernel->name.text,
                                 strerror(errno));
        return 0;
}

int start_begin(Unikernel *unikernel, int image_fd, bool with_run) {
        Start *start;
        int r = 0;

        assert(!unikernel->start && !unikernel->run);

        start = calloc(1, sizeof(*start));
        if (!start)
                return -ENOMEM;
        start->unikernel = unikernel;
        start->creating = image_fd >= 0;
        start->with_run = with_run;
        start->image_fd = -1;
        unikernel->start = start;
        unikernel->save_error = 0;

        /* What can be refused at once is, before anything has begun. */
        if (!start->creating)
                r = choose_tender(start);
        if (r >= 0 && with_run)
                r = begin_spawn(start);
        if (r >= 0 && start->creating) {
                r = intake_start(unikernel->manager, image_fd, on_taken_in, start);
                if (r >= 0)
                        start->n_pending++;
        } else if (r >= 0) {
                r = open_image(start);
                if (r >= 0 && (!unikernel->wanted || unikernel->unsaved)) {
                        unikernel->wanted = true;
                        r = record_save(unikernel);
                }
        }
        if (r < 0)
                fail(start, r);
        /* A failure is told from here, too: all failures go the same way. */
        if (start->n_pending == 0)
                advance(start);
        return 0;
}
