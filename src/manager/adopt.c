/* SPDX-License-Identifier: ISC */

/*
 * Who runs already. The launcher knows its tenders by name, and keeps the status of those that
 * ended while we were away; the run records in /run say what it can't know.
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/control-group.h"
#include "host/process-end.h"
#include "manager/blocks.h"
#include "manager/chronicle.h"
#include "manager/manager-internal.h"

/* After the launcher went away: its socket unit starts it again, but not at any rate. */
#define RELIST_USEC (200ULL * 1000ULL)

static void forget(Manager *manager, const LauncherReply *child) {
        LauncherCall call = {
                .request.verb = LAUNCHER_FORGET,
                .request.child = child->child,
        };

        launcher_call(manager->launcher, &call);
        uid_pool_release(manager->uids, child->uid);
        scope_release(manager->bus, child->scope);
}

static void kill_stray(Manager *manager, const LauncherReply *entry) {
        LauncherCall call = {
                .request.verb = LAUNCHER_SIGNAL,
                .request.child = entry->child,
                .request.signal = SIGKILL,
        };
        LogEntry message;

        log_begin(&message, LOG_NOTICE, MESSAGE_STRAY);
        log_field(&message, "ALBATROSS_UNIKERNEL", "%s", entry->name);
        log_field(&message, "OBJECT_SYSTEMD_UNIT", "%s", entry->scope);
        log_send(&message, "A tender for %s runs, of which no record knows: it is ended",
                 entry->name);
        launcher_call(manager->launcher, &call);
}

/* A daemon before us died at it, without an answer. What had begun is finished. */
static void resume_request(Unikernel *unikernel, RunRequest request) {
        if (request == RUN_REQUEST_DESTROY || request == RUN_REQUEST_DESTROY_WITH_BLOCKS)
                unikernel->destroying = true;
        unikernel->destroys_blocks = request == RUN_REQUEST_DESTROY_WITH_BLOCKS;
        if (request == RUN_REQUEST_STOP_UNTIL_BOOT)
                unikernel->stays_until_boot = true;
        /* The next boot must not start what was stopped; on disk it may be as it was. */
        if (request == RUN_REQUEST_STOP && unikernel->wanted) {
                unikernel->wanted = false;
                if (record_save(unikernel) < 0)
                        unikernel_log(unikernel, LOG_ERR,
                                      "That %s is stopped can't be written down",
                                      unikernel->name.text);
        }
}

/* One of the time before they were noted has those of its configuration. */
static int resume_blocks(Unikernel *unikernel, const RunRecord *record) {
        Run *run = unikernel->run;
        int r;

        if (!record->has_blocks) {
                r = blocks_note(unikernel);
        } else {
                run->blocks = calloc(record->n_blocks + 1, sizeof(*run->blocks));
                r = run->blocks ? 0 : -ENOMEM;
        }
        if (r < 0)
                return r;
        if (record->has_blocks) {
                memcpy(run->blocks, record->blocks, record->n_blocks * sizeof(*run->blocks));
                run->n_blocks = record->n_blocks;
        }
        return blocks_adopt(unikernel);
}

/* What its record in /run says of a run that goes on. */
static void resume_run(Unikernel *unikernel, const RunRecord *record) {
        Run *run = unikernel->run;

        if (unikernel->n_invocations > 0)
                run->invocation = unikernel->invocations[unikernel->n_invocations - 1];
        run->slice_number = record->slice_number;
        run->sliced = slices_claim(unikernel->manager, &unikernel->name, record->slice_number) >= 0;
        run->scoped = true;
        run->added_name = record->added_name;
        run->opened_usec = record->opened_usec;
        run->started_usec = record->started_usec;
        if (run->started_usec > 0)
                unikernel->state_usec = run->started_usec;
        unikernel->restart_asked = record->waiting;
        unikernel->state = STATE_RUNNING;
        unikernel_claim_found_running(unikernel, record);
        if (run_set_taps(run, record->taps, record->n_taps, record->taps_persist) < 0 ||
            resume_blocks(unikernel, record) < 0)
                unikernel_log(unikernel, LOG_ERR,
                              "Not all devices of the running unikernel %s are known to be in "
                              "use",
                              unikernel->name.text);
        resume_request(unikernel, record->request);
        unikernel->restart_asked = unikernel->restart_asked || revision_is_due(unikernel);
        /* The daemon before us has stopped it, or was about to. */
        run->asked = unikernel->destroying || !unikernel->wanted || unikernel->restart_asked ||
                     unikernel->stays_until_boot;
        revision_resume_watch(unikernel);
}

/* No process is left of it, and how it ended is written down. */
static void resume_ended(Unikernel *unikernel, const RunRecord *record) {
        unikernel->state = record->failed ? STATE_FAILED : STATE_STOPPED;
        resume_request(unikernel, record->request);
        if (unikernel->destroying) {
                unikernel_settle(unikernel);
                return;
        }
        /* One that somebody restarts does not wait for its time, nor is it counted. */
        if (revision_is_due(unikernel))
                boot_add(unikernel->manager, unikernel);
        else if (record->waiting && unikernel->wanted && unikernel->next_usec > 0)
                life_resume_waiting(unikernel);
        else if ((record->waiting || record->request == RUN_REQUEST_START) && unikernel->wanted)
                boot_add(unikernel->manager, unikernel);
        revision_resume_watch(unikernel);
}

static void unheard(void *userdata, int r, const Fault *fault) {
}

/* The daemon before us was asked to end it, and may not have come so far. */
static void finish_request(Unikernel *unikernel) {
        if (!unikernel->run || !unikernel->run->asked)
                return;
        if (!unikernel->restart_asked || unikernel->destroying || !unikernel->wanted)
                unikernel_bring_down(unikernel);
        else if (unikernel_restart(unikernel, unheard, NULL) < 0)
                unikernel_log(unikernel, LOG_ERR, "No memory to go on with the restart of %s",
                              unikernel->name.text);
}

/* The daemon before us died before it could. */
static void note_executed(const Unikernel *unikernel, const RunRecord *record) {
        if (record->request == RUN_REQUEST_START && !unikernel->is_lost)
                (void) run_record_write(unikernel);
}

static void adopt_run(Unikernel *unikernel, const LauncherReply *entry) {
        RunRecord record = {};
        int r;

        r = run_record_read(unikernel, &record);
        if (r >= 0 && entry->state == LAUNCHER_ENDED && record.pid > 0 &&
            record.pid != (pid_t) entry->pid) {
                /* One before the run that is recorded, whose uid was not given back yet. */
                forget(unikernel->manager, entry);
                return;
        }
        unikernel->adopted = true;
        if (r >= 0 && entry->state == LAUNCHER_ENDED && record.pid != (pid_t) entry->pid) {
                /* Its end was recorded and only not forgotten, or it never left its gate. */
                forget(unikernel->manager, entry);
                resume_ended(unikernel, &record);
                return;
        }
        unikernel->run = run_new(unikernel, entry);
        if (!unikernel->run)
                return;
        resume_run(unikernel, &record);
        unikernel->run->opened = entry->state != LAUNCHER_AT_GATE;
        if (entry->state == LAUNCHER_RUNNING)
                note_executed(unikernel, &record);
}

void adopt_entry(void *userdata, const LauncherReply *entry) {
        Manager *manager = userdata;
        Unikernel *unikernel = unikernels_find(manager, entry->name);

        if (entry->state == LAUNCHER_ENDED && uid_hold_knows(manager, entry))
                return;
        /* After a restart of the launcher alone: we know this one. */
        if (unikernel && unikernel->run && unikernel->run->child == entry->child &&
            unikernel->run->pid == (pid_t) entry->pid) {
                unikernel->run->generation = manager->launcher_generation;
                if (entry->state == LAUNCHER_ENDED)
                        run_ended(unikernel, entry);
                else if (unikernel->run->signal != 0)
                        /* What was sent to the launcher before may not have been read. */
                        run_signal(unikernel, unikernel->run->signal);
                return;
        }

        if (!unikernel && entry->state != LAUNCHER_AT_GATE)
                unikernel = lost_add(manager, entry->name, (pid_t) entry->pid);
        /* One that has no run yet is being started: this is of an attempt before, whose answer was
         * lost. */
        uid_pool_claim(manager->uids, entry->uid);
        if (!unikernel || unikernel->run || unikernel->start) {
                if (entry->state == LAUNCHER_ENDED)
                        forget(manager, entry);
                else
                        kill_stray(manager, entry);
                return;
        }

        adopt_run(unikernel, entry);
        if (!unikernel->run)
                return;
        if (entry->state == LAUNCHER_ENDED)
                run_ended(unikernel, entry);
        else if (entry->state == LAUNCHER_AT_GATE) {
                /* Half of a start, of which nobody was told that it succeeded. */
                unikernel->state = STATE_STOPPING;
                run_signal(unikernel, SIGKILL);
        } else {
                unikernel_log_adopted(unikernel);
                finish_request(unikernel);
        }
}

void adopt_exited(void *userdata, const LauncherReply *exited) {
        Manager *manager = userdata;
        Unikernel *unikernel = unikernels_find(manager, exited->name);

        if (unikernel && unikernel->run && unikernel->run->child == exited->child)
                run_ended(unikernel, exited);
        else if (!uid_hold_knows(manager, exited))
                forget(manager, exited);
}

/* --- without the launcher --- */

static const LauncherReply unknown_end = {.wait_status = EXIT_WAIT_STATUS_UNKNOWN};
static const LauncherReply never_ran = {
        .wait_status = EXIT_WAIT_STATUS_UNKNOWN,
        .error = -ESRCH,
        .step = LAUNCHER_STEP_EXECUTE,
};

static int on_pidfd(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Unikernel *unikernel = userdata;
        LauncherReply ended = unknown_end;
        int r;

        r = process_end(fd, &ended.wait_status);
        /* Its parent, which is PID 1 now, has not collected it yet: that is told by EPOLLHUP, which
         * always is. */
        if (r == 0 && !(revents & EPOLLHUP) && sd_event_source_set_io_events(source, 0) >= 0)
                return 0;
        unikernel->pidfd_source = sd_event_source_disable_unref(unikernel->pidfd_source);
        if (unikernel->run)
                run_ended(unikernel, &ended);
        return 0;
}

/* Nobody collects its status for us any more, but that it ended can still be seen. */
static int watch_pidfd(Unikernel *unikernel, int fd) {
        int r;

        r = sd_event_add_io(unikernel->manager->event, &unikernel->pidfd_source, fd, EPOLLIN,
                            on_pidfd, unikernel);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(unikernel->pidfd_source, true);
        if (r < 0)
                unikernel->pidfd_source = sd_event_source_disable_unref(unikernel->pidfd_source);
        return r;
}

/* Still in the scope's control group, and of the same invocation: then it is the same process, and
 * no later one that got its number. One whose gate was not opened yet has no invocation. */
static int runs_still(const Unikernel *unikernel) {
        char group[NAME_CONTROL_GROUP_MAX + 1];
        char unit[NAME_UNIT_MAX + 1];

        unikernel_scope(unikernel, unit);
        unikernel_control_group(unikernel, group);
        if (unikernel->run->opened &&
            !sd_id128_equal(scope_invocation(unit), unikernel->run->invocation))
                return 0;
        return control_group_contains(group, unikernel->run->pid);
}

/* 1: it runs, and its end will be seen; 0: it has ended. What can't be found out is neither. */
static int watch_run(Unikernel *unikernel) {
        _cleanup_(fd_closep) int fd = -1;
        int r;

        /* Before it is looked for: what has this number then is what this descriptor is of. A
         * thread of another process may have it: EINVAL, and ENOENT since Linux 6.16. */
        fd = (int) syscall(SYS_pidfd_open, unikernel->run->pid, 0);
        if (fd < 0)
                return errno == ESRCH || errno == EINVAL || errno == ENOENT ? 0 : -errno;
        r = runs_still(unikernel);
        if (r <= 0)
                return r;
        r = watch_pidfd(unikernel, fd);
        if (r < 0)
                return r;
        TAKE_FD(fd);
        return 1;
}

/* @ended: what is known of its end, should it not be there any more. */
static void lose_run(Unikernel *unikernel, const LauncherReply *ended) {
        bool is_new = !unikernel->run->orphaned;
        int r;

        unikernel->run->orphaned = true;
        if (unikernel->pidfd_source)
                return;
        r = watch_run(unikernel);
        if (r == 0) {
                run_ended(unikernel, ended);
                return;
        }
        if (r < 0 && is_new)
                log_print(LOG_ERR, "Whether %s still runs can't be seen (%s): it is tried again",
                          unikernel->name.text, strerror(-r));
        if (r < 0)
                adopt_launcher_gone(unikernel->manager);
        /* Its gate may have been opened without anybody telling: that start has failed. */
        if (!unikernel->run->opened)
                run_signal(unikernel, SIGKILL);
        else if (unikernel->run->signal != 0)
                run_signal(unikernel, unikernel->run->signal);
}

static int on_relist(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;

        manager->relist_timer = sd_event_source_disable_unref(manager->relist_timer);
        if (adopt_begin(manager) < 0)
                adopt_launcher_gone(manager);
        return 0;
}

void adopt_launcher_gone(void *userdata) {
        Manager *manager = userdata;

        if (manager->relist_timer)
                return;
        if (sd_event_add_time_relative(manager->event, &manager->relist_timer, CLOCK_MONOTONIC,
                                       RELIST_USEC, 0, on_relist, manager) < 0)
                log_print(LOG_ERR, "The launcher is gone, and no timer to look for it again");
}

/* --- after the list --- */

/* It ran in this boot and the launcher does not know it: it has lost its memory, or we ours. */
static void settle_unlisted(Unikernel *unikernel, const RunRecord *record) {
        if (record->pid == 0) {
                resume_ended(unikernel, record);
                return;
        }
        unikernel->run = run_new(unikernel, &(const LauncherReply){
                                                    .pid = (uint32_t) record->pid,
                                                    .uid = record->uid,
                                                    .start_ticks = record->start_ticks,
                                            });
        if (!unikernel->run)
                return;
        uid_pool_claim(unikernel->manager->uids, record->uid);
        resume_run(unikernel, record);
        unikernel->run->opened = true;
        /* Its start was not finished: that it is not there says that it was not executed. */
        lose_run(unikernel, record->request == RUN_REQUEST_START ? &never_ran : &unknown_end);
        if (unikernel->pidfd_source) {
                note_executed(unikernel, record);
                unikernel_log_adopted(unikernel);
        }
        finish_request(unikernel);
}

static void on_listed(void *userdata, const LauncherReply *reply) {
        _cleanup_(freep) Unikernel **all = NULL;
        Manager *manager = userdata;
        RunRecord record;
        size_t n;

        if (!reply || (!manager->listed && lost_add_unlisted(manager) < 0) ||
            unikernels_snapshot(manager, &all, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                Unikernel *unikernel = all[i];

                if (unikernel->run) {
                        if (unikernel->run->generation != manager->launcher_generation)
                                lose_run(unikernel, &unknown_end);
                        continue;
                }
                if (manager->listed || unikernel->adopted)
                        continue;
                if (run_record_read(unikernel, &record) >= 0)
                        settle_unlisted(unikernel, &record);
                else if (unikernel->wanted)
                        boot_add(manager, unikernel);
        }
        manager_list_done(manager, reply);
}

int adopt_begin(Manager *manager) {
        LauncherCall call = {
                .request.verb = LAUNCHER_LIST,
                .done = on_listed,
                .userdata = manager,
        };

        manager->launcher_generation++;
        return launcher_call(manager->launcher, &call);
}
