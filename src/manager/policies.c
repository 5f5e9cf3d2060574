/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/blocks.h"
#include "manager/chronicle.h"
#include "manager/intake.h"
#include "manager/manager-internal.h"
#include "manager/policies.h"

struct PolicyJob {
        ListLink link; /* of the manager's queue */
        Manager *manager;
        const PolicyOrder *order;
        ManagerDone done;
        void *userdata;
        bool is_busy; /* with something that calls us back */
        Owners owners;
        bool has_owners; /* they are known */
        /* What was before, for when it can't be saved. */
        bool existed;
        Policy previous;
        PolicyList removed; /* and the same of a removal, */
        size_t n_unlinked;  /* whose last so many are gone from the disk, too */
        size_t n_limits;    /* slices that are being changed */
};

void policy_order_clear(PolicyOrder *order) {
        strings_clear(&order->owners);
        bridges_clear(&order->change.values.bridges);
        *order = (PolicyOrder){};
}

static PolicyJob *job_free(PolicyJob *job) {
        list_remove(&job->link);
        owners_clear(&job->owners);
        policy_clear(&job->previous);
        policy_list_clear(&job->removed);
        free(job);
        return NULL;
}

void policy_jobs_free(Manager *manager) {
        LIST_FOREACH(link, &manager->policy_jobs)
        job_free(LIST_ENTRY(link, PolicyJob, link));
        LIST_FOREACH(link, &manager->policy_look_ups)
        job_free(LIST_ENTRY(link, PolicyJob, link));
}

static void job_finish(PolicyJob *job, int r, const Fault *fault) {
        static const Fault no_fault;
        ManagerDone done = job->done;
        void *userdata = job->userdata;

        job_free(job);
        done(userdata, r, fault ? fault : &no_fault);
}

/* From a callback: the next one may begin. */
static void job_finish_and_go_on(PolicyJob *job, int r, const Fault *fault) {
        Manager *manager = job->manager;

        job_finish(job, r, fault);
        policy_jobs_run(manager);
}

static int refuse_unsaved(const PolicyJob *job, int error, Fault *fault) {
        return disk_refuse(fault, error, "The policy %s could not be written, nothing has changed",
                           job->order->path.text);
}

static void tell_limits(const Name *path, int error, const char *reason) {
        if (error < 0)
                log_print(LOG_ERR,
                          "systemd did not take the limits of the policy %s, which hold for "
                          "what is asked of us only: %s",
                          path->text, reason ? reason : strerror(-error));
}

/* --- setting --- */

/* Whoever has begun something there asks again whether he may. */
static void end_rights(Manager *manager, const Name *path) {
        outlets_revoke(manager, path);
        blocks_revoke(manager, path);
        intakes_revoke(manager, path);
}

static void finish_set(PolicyJob *job) {
        const ManagerObserver *observer = &job->manager->observer;
        const Name path = job->order->path;
        Manager *manager = job->manager;

        if (job->has_owners && !owners_equal(&job->owners, &job->previous.owners))
                end_rights(manager, &path);
        policy_log(&path, MESSAGE_POLICY_SET, "set");
        job_finish(job, 0, NULL);
        observer->policy_changed(observer->userdata, &path);
        policy_jobs_run(manager);
}

static void on_limited(void *userdata, int error, const char *reason) {
        PolicyJob *job = userdata;

        tell_limits(&job->order->path, error, reason);
        finish_set(job);
}

static void undo_set(PolicyJob *job) {
        const Name *path = &job->order->path;

        if (policies_put(job->manager->paths, path, job->existed ? &job->previous : NULL) < 0)
                log_print(LOG_ERR,
                          "No memory to undo a change of the policy %s: what is on disk "
                          "holds after the next start",
                          path->text);
}

static void on_saved(void *userdata, const WriterAnswer *answer) {
        PolicyJob *job = userdata;
        Fault fault = {};
        int r;

        if (answer->error < 0) {
                undo_set(job);
                r = refuse_unsaved(job, answer->error, &fault);
                job_finish_and_go_on(job, r, &fault);
                return;
        }
        r = policy_limits_set(job->manager, &job->order->path, on_limited, job);
        if (r < 0)
                on_limited(job, r, NULL);
}

static int save(PolicyJob *job) {
        const Name *path = &job->order->path;
        _cleanup_(freep) char *text = NULL;
        char file[WRITER_NAME_MAX + 1];
        int r;

        r = policy_text_format(path, policies_find(job->manager->paths, path), &text);
        if (r < 0)
                return r;
        policy_file(path, file);
        return writer_order(job->manager->writer,
                            &(const WriterOrder){
                                    .verb = WRITER_PUT,
                                    .folder = WRITER_POLICIES,
                                    .name = file,
                                    .data = text,
                                    .size = strlen(text),
                            },
                            on_saved, job);
}

/* 1: it is being saved; 0: it was like that. */
static int begin_set(PolicyJob *job, Fault *fault) {
        PathTree *paths = job->manager->paths;
        const Name *path = &job->order->path;
        PolicyChange change = job->order->change;
        const Policy *previous = policies_find(paths, path);
        Policy machine;
        int r;

        change.values.owners = job->owners;
        job->existed = previous;
        if (previous) {
                r = policy_copy(&job->previous, previous);
                if (r < 0)
                        return r;
        }
        manager_machine_policy(job->manager, &machine);
        r = policies_set(paths, &machine, path, &change, fault);
        if (r <= 0)
                return r;
        r = save(job);
        if (r < 0) {
                undo_set(job);
                return refuse_unsaved(job, r, fault);
        }
        return 1;
}

/* --- removing --- */

static void finish_removal(PolicyJob *job) {
        const ManagerObserver *observer = &job->manager->observer;
        _cleanup_(policy_list_clear) PolicyList removed = job->removed;
        Manager *manager = job->manager;

        job->removed = (PolicyList){};
        end_rights(manager, &job->order->path);
        job_finish(job, 0, NULL);
        for (size_t i = 0; i < removed.n; i++) {
                policy_log(&removed.entries[i].path, MESSAGE_POLICY_REMOVED, "removed");
                observer->policy_removed(observer->userdata, &removed.entries[i].path);
        }
        policy_jobs_run(manager);
}

static void on_unlimited(void *userdata, int error, const char *reason) {
        PolicyJob *job = userdata;

        tell_limits(&job->order->path, error, reason);
        if (--job->n_limits == 0)
                finish_removal(job);
}

static void remove_limits(PolicyJob *job) {
        /* One more, so that it does not finish within. */
        job->n_limits = 1;
        for (size_t i = 0; i < job->removed.n; i++) {
                int r;

                r = policy_limits_remove(job->manager, &job->removed.entries[i].path, on_unlimited,
                                         job);
                if (r >= 0)
                        job->n_limits++;
                else
                        tell_limits(&job->removed.entries[i].path, r, NULL);
        }
        on_unlimited(job, 0, NULL);
}

/* Those that are on disk still come back. */
static void undo_removal(PolicyJob *job) {
        for (size_t i = 0; i < job->removed.n - job->n_unlinked; i++) {
                PolicyEntry *entry = &job->removed.entries[i];

                if (policies_put(job->manager->paths, &entry->path, &entry->policy) < 0)
                        log_print(LOG_ERR,
                                  "No memory to undo the removal of the policy %s: it is "
                                  "back after the next start",
                                  entry->path.text);
        }
}

static int unlink_next(PolicyJob *job);

static void on_unlinked(void *userdata, const WriterAnswer *answer) {
        PolicyJob *job = userdata;
        int r = answer->error;
        Fault fault = {};

        if (r >= 0) {
                job->n_unlinked++;
                if (job->n_unlinked == job->removed.n) {
                        remove_limits(job);
                        return;
                }
                r = unlink_next(job);
                if (r >= 0)
                        return;
        }
        undo_removal(job);
        r = disk_refuse(&fault, r, "The policy %s could not be removed",
                        job->removed.entries[job->removed.n - job->n_unlinked - 1].path.text);
        job_finish_and_go_on(job, r, &fault);
}

/* The last one first: whenever the machine goes down, none is left whose upper one is gone. */
static int unlink_next(PolicyJob *job) {
        char file[WRITER_NAME_MAX + 1];

        policy_file(&job->removed.entries[job->removed.n - job->n_unlinked - 1].path, file);
        return writer_order(job->manager->writer,
                            &(const WriterOrder){
                                    .verb = WRITER_REMOVE,
                                    .folder = WRITER_POLICIES,
                                    .name = file,
                            },
                            on_unlinked, job);
}

static int begin_removal(PolicyJob *job, Fault *fault) {
        const PolicyOrder *order = job->order;
        int r;

        r = policies_remove(job->manager->paths, &order->path, order->recursive, &job->removed,
                            fault);
        if (r < 0)
                return r;
        r = unlink_next(job);
        if (r < 0) {
                undo_removal(job);
                return refuse_unsaved(job, r, fault);
        }
        return 1;
}

/* --- the queue --- */

static void on_owners(void *userdata, int r, const Fault *fault, Owners *owners) {
        PolicyJob *job = userdata;

        if (r < 0) {
                job_finish(job, r, fault);
                return;
        }
        job->owners = *owners;
        *owners = (Owners){};
        job->has_owners = true;
        list_remove(&job->link);
        list_append(&job->manager->policy_jobs, &job->link);
        policy_jobs_run(job->manager);
}

/* More than 0: it is under way. */
static int job_begin(PolicyJob *job, Fault *fault) {
        const PolicyOrder *order = job->order;

        /* It may have waited for others, and they may have taken away what allowed it. */
        if (order->is_allowed && !order->is_allowed(order->userdata))
                return fault_set(fault, FAULT_NOT_AUTHORIZED,
                                 "Who owns what is above %s has changed meanwhile, try again",
                                 order->path.text);
        return order->removes ? begin_removal(job, fault) : begin_set(job, fault);
}

void policy_jobs_run(Manager *manager) {
        /* What is answered at once comes back here. */
        if (manager->runs_policy_jobs || manager->n_stale_limits > 0)
                return;
        manager->runs_policy_jobs = true;
        while (!list_is_empty(&manager->policy_jobs)) {
                PolicyJob *job = LIST_ENTRY(manager->policy_jobs.next, PolicyJob, link);
                Fault fault = {};
                int r;

                if (job->is_busy)
                        break;
                job->is_busy = true;
                r = job_begin(job, &fault);
                if (r <= 0)
                        job_finish(job, r, &fault);
        }
        manager->runs_policy_jobs = false;
}

void manager_order_policy(Manager *manager,
                          const PolicyOrder *order,
                          ManagerDone done,
                          void *userdata) {
        Fault fault = {};
        PolicyJob *job;
        int r;

        job = calloc(1, sizeof(*job));
        if (!job) {
                done(userdata, -ENOMEM, &fault);
                return;
        }
        job->manager = manager;
        job->order = order;
        job->done = done;
        job->userdata = userdata;
        if (!order->change.given[POLICY_OWNERS]) {
                list_append(&manager->policy_jobs, &job->link);
                policy_jobs_run(manager);
                return;
        }
        /* Names are looked up first: nobody else waits for how long that takes. */
        list_append(&manager->policy_look_ups, &job->link);
        r = owners_resolve(manager, &order->owners, on_owners, job, &fault);
        if (r < 0)
                job_finish(job, r, &fault);
}

/* --- asking --- */

typedef struct Visit {
        ManagerPolicyVisitor visitor;
        void *userdata;
} Visit;

static int visit_node(void *userdata, const PathNode *node) {
        const Visit *visit = userdata;

        if (path_node_count_policies(node) == 0)
                return 1;
        if (!path_node_policy(node))
                return 0;
        return visit->visitor(visit->userdata, &(const PolicyReport){
                                                       .path = path_node_path(node),
                                                       .policy = path_node_policy(node),
                                                       .usage = path_node_usage(node),
                                               });
}

int manager_visit_policies(const Manager *manager,
                           const Name *prefix,
                           ManagerPolicyVisitor visitor,
                           void *userdata) {
        Visit visit = {.visitor = visitor, .userdata = userdata};
        Policy machine;
        int r;

        if (prefix->text[0] == '\0') {
                manager_machine_policy(manager, &machine);
                r = visitor(userdata,
                            &(const PolicyReport){
                                    .path = "",
                                    .policy = &machine,
                                    .usage = path_node_usage(path_tree_find(manager->paths, "", 0)),
                            });
                if (r < 0)
                        return r;
        }
        return path_tree_visit(manager->paths, prefix->text, strlen(prefix->text), visit_node,
                               &visit);
}

int manager_owners_above(const Manager *manager, const Name *target, Owners *ret) {
        return policies_owners_above(manager->paths, target, ret);
}

int manager_owners_of_prefix(const Manager *manager, const Name *prefix, Owners *ret) {
        return policies_owners_of_prefix(manager->paths, prefix, ret);
}
