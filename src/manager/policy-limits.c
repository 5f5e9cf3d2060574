/* SPDX-License-Identifier: ISC */

/*
 * What the kernel enforces of a policy: limits of the slice of its path. They are set with the
 * policy and at each start of the daemon, since they are gone after a boot. A note in
 * /run/albatross/slices says which slices have limits of ours, so that a daemon that died in
 * between leaves none behind.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "domain/tender.h"
#include "manager/manager-internal.h"
#include "systemd/log.h"
#include "systemd/slice.h"

/* A guest thread, hvt's network thread, and air. */
#define TASKS_PER_UNIKERNEL 8U

/* More at once would only make others wait for PID 1; and of one connection, a message bus lets
 * only some hundred calls wait for their replies, all others' among them. */
#define CHANGES_AT_ONCE 8U

/* How long until it is tried again when PID 1 did not take some: so long at first, and at last. */
#define RETRY_MIN_USEC UINT64_C(1000000)
#define RETRY_MAX_USEC UINT64_C(300000000)

typedef struct LimitChange {
        ListLink link; /* of the manager's */
        Manager *manager;
        Name path;
        SliceChange *slice; /* NULL: it waits for its turn */
        bool removes;
        LimitsChanged done;
        void *userdata;
} LimitChange;

static void change_free(LimitChange *change) {
        list_remove(&change->link);
        slice_change_free(change->slice);
        free(change);
}

void policy_limits_free(Manager *manager) {
        LIST_FOREACH(link, &manager->limit_changes)
        change_free(LIST_ENTRY(link, LimitChange, link));
        manager->limits_timer = sd_event_source_disable_unref(manager->limits_timer);
        free(manager->limits_to_set);
        manager->limits_to_set = NULL;
}

static void change_finish(LimitChange *change, int error, const char *reason) {
        LimitsChanged done = change->done;
        void *done_userdata = change->userdata;

        if (change->removes && error >= 0)
                (void) unlinkat(change->manager->slices_fd, change->path.text, 0);
        /* The reason is in the reply, which is there until we return. */
        change_free(change);
        done(done_userdata, error, reason);
}

static void remove_more(Manager *manager);
static void retry_later(Manager *manager);

static void on_changed(void *userdata, int error, const char *reason) {
        LimitChange *change = userdata;
        Manager *manager = change->manager;
        bool removes = change->removes;

        change_finish(change, error, reason);
        if (!removes && error < 0)
                retry_later(manager);
        if (!removes)
                return;
        manager->n_removing_limits--;
        remove_more(manager);
}

static LimitChange *change_new(Manager *manager,
                               const Name *path,
                               LimitsChanged done,
                               void *userdata) {
        LimitChange *change;

        change = calloc(1, sizeof(*change));
        if (!change)
                return NULL;
        change->manager = manager;
        change->path = *path;
        change->done = done;
        change->userdata = userdata;
        list_append(&manager->limit_changes, &change->link);
        return change;
}

/* Guests, and what their tenders need besides: whichever needs most. */
static uint64_t memory_max(const Policy *policy) {
        uint64_t most_bytes = 0, sum_bytes;

        for (TenderKind kind = 0; kind < TENDER_N_KINDS; kind++) {
                uint64_t one_bytes = tender_kind_overhead(kind, 0);
                uint64_t tables_bytes =
                        tender_kind_overhead(kind, policy->memory_bytes) - one_bytes;

                if (__builtin_mul_overflow(one_bytes, (uint64_t) policy->n_unikernels,
                                           &sum_bytes) ||
                    __builtin_add_overflow(sum_bytes, tables_bytes, &sum_bytes) ||
                    __builtin_add_overflow(sum_bytes, policy->memory_bytes, &sum_bytes))
                        return UINT64_MAX;
                most_bytes = MAX_OF(most_bytes, sum_bytes);
        }
        return most_bytes;
}

/* Before the limits: one that is noted in vain is taken back in vain. */
static int note(const Manager *manager, const Name *path) {
        _cleanup_(fd_closep) int fd = -1;

        fd = openat(manager->slices_fd, path->text, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        return fd < 0 ? -errno : 0;
}

int policy_limits_set(Manager *manager, const Name *path, LimitsChanged done, void *userdata) {
        const Policy *policy = policies_find(manager->paths, path);
        char unit[NAME_UNIT_MAX + 1];
        uint8_t mask[CPUS_MAX / 8];
        LimitChange *change;
        int r;

        if (!policy)
                return -ENOENT;
        r = note(manager, path);
        if (r < 0)
                return r;
        change = change_new(manager, path, done, userdata);
        if (!change)
                return -ENOMEM;
        path_slice(path->text, strlen(path->text), 0, unit);
        cpus_to_mask(&policy->cpus, mask);
        r = slice_set_limits(
                &change->slice, manager->bus,
                &(const SliceLimits){
                        .unit = unit,
                        .memory_max_bytes = memory_max(policy),
                        .tasks_max = (uint64_t) policy->n_unikernels * TASKS_PER_UNIKERNEL,
                        .allowed_cpus = mask,
                        .allowed_cpus_size = sizeof(mask),
                },
                on_changed, change);
        if (r < 0)
                change_free(change);
        return r;
}

static int begin_removal(LimitChange *change) {
        const char *path = change->path.text;
        char unit[NAME_UNIT_MAX + 1];
        int r;

        path_slice(path, strlen(path), 0, unit);
        r = slice_remove_limits(&change->slice, change->manager->bus, unit, on_changed, change);
        if (r >= 0)
                change->manager->n_removing_limits++;
        return r;
}

/* There are only a few that don't wait. */
static LimitChange *find_waiting(Manager *manager) {
        LIST_FOREACH(link, &manager->limit_changes) {
                LimitChange *change = LIST_ENTRY(link, LimitChange, link);

                if (change->removes && !change->slice)
                        return change;
        }
        return NULL;
}

static void remove_more(Manager *manager) {
        LimitChange *change;

        while (manager->n_removing_limits < CHANGES_AT_ONCE && (change = find_waiting(manager))) {
                int r;

                r = begin_removal(change);
                if (r < 0)
                        change_finish(change, r, NULL);
        }
}

int policy_limits_remove(Manager *manager, const Name *path, LimitsChanged done, void *userdata) {
        LimitChange *change;
        int r;

        change = change_new(manager, path, done, userdata);
        if (!change)
                return -ENOMEM;
        change->removes = true;
        if (manager->n_removing_limits >= CHANGES_AT_ONCE)
                return 0;
        r = begin_removal(change);
        if (r < 0)
                change_free(change);
        return r;
}

/* --- at the start --- */

static int add_path(Manager *manager, const char *path) {
        Name *larger;

        larger =
                reallocarray(manager->limits_to_set, manager->n_limits_to_set + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        manager->limits_to_set = larger;
        strcpy(larger[manager->n_limits_to_set++].text, path);
        return 0;
}

static int add_policy(void *userdata, const PathNode *node) {
        if (path_node_count_policies(node) == 0)
                return 1;
        return path_node_policy(node) ? add_path(userdata, path_node_path(node)) : 0;
}

static void set_more(Manager *manager);

static void on_stale_removed(void *userdata, int error, const char *reason) {
        Manager *manager = userdata;

        if (error < 0)
                log_print(LOG_ERR, "systemd did not take back the limits of a slice: %s",
                          reason ? reason : strerror(-error));
        /* Until now nobody could set a policy, whose limits this might have taken. */
        if (--manager->n_stale_limits == 0)
                policy_jobs_run(manager);
}

static void remove_stale(Manager *manager, const Name *path) {
        int r;

        r = policy_limits_remove(manager, path, on_stale_removed, manager);
        if (r < 0)
                on_stale_removed(manager, r, NULL);
}

/* Of policies that are gone. */
static int remove_noted(Manager *manager) {
        _cleanup_(directory_closep) DIR *directory = NULL;
        struct dirent *entry;
        Name path;
        int r;

        r = directory_open(&directory, manager->slices_fd, ".");
        if (r < 0)
                return r;
        /* One more, so that none of them is the last one before all are known. */
        manager->n_stale_limits = 1;
        while ((entry = directory_next(directory))) {
                if (path_parse(&path, entry->d_name, NULL) < 0 ||
                    strcmp(path.text, entry->d_name) != 0 || policies_find(manager->paths, &path))
                        continue;
                manager->n_stale_limits++;
                remove_stale(manager, &path);
        }
        manager->n_stale_limits--;
        return -errno;
}

static void on_set(void *userdata, int error, const char *reason) {
        Manager *manager = userdata;

        if (error < 0)
                log_print(LOG_ERR, "systemd did not take the limits of a policy: %s",
                          reason ? reason : strerror(-error));
        manager->n_setting_limits--;
        set_more(manager);
        if (error >= 0 && manager->n_setting_limits == 0 && !manager->limits_timer)
                manager->limits_retry_usec = 0;
}

static void set_more(Manager *manager) {
        while (manager->n_setting_limits < CHANGES_AT_ONCE &&
               manager->next_limits < manager->n_limits_to_set) {
                const Name *path = &manager->limits_to_set[manager->next_limits++];
                int r;

                /* By its path: it may be gone since. */
                r = policy_limits_set(manager, path, on_set, manager);
                if (r >= 0)
                        manager->n_setting_limits++;
                else if (r != -ENOENT)
                        log_print(LOG_ERR, "The limits of the policy %s can't be set: %s",
                                  path->text, strerror(-r));
        }
}

/* --- again, when PID 1 did not take them --- */

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;

        manager->limits_timer = sd_event_source_disable_unref(manager->limits_timer);
        if (manager->n_setting_limits > 0) {
                retry_later(manager);
                return 0;
        }
        /* All of them: those that PID 1 has stay as they are. */
        manager->n_limits_to_set = manager->next_limits = 0;
        if (path_tree_visit(manager->paths, "", 0, add_policy, manager) < 0)
                retry_later(manager);
        set_more(manager);
        return 0;
}

/* Until then the kernel does not hold what was promised: admission alone does. */
static void retry_later(Manager *manager) {
        if (manager->limits_timer)
                return;
        manager->limits_retry_usec =
                manager->limits_retry_usec == 0
                        ? RETRY_MIN_USEC
                        : MIN_OF(2 * manager->limits_retry_usec, RETRY_MAX_USEC);
        if (sd_event_add_time_relative(manager->event, &manager->limits_timer, CLOCK_MONOTONIC,
                                       manager->limits_retry_usec, 0, on_retry, manager) < 0)
                log_print(LOG_ERR, "No timer to set the limits of policies again");
}

int policy_limits_begin(Manager *manager) {
        int r;

        r = path_tree_visit(manager->paths, "", 0, add_policy, manager);
        if (r >= 0)
                r = remove_noted(manager);
        if (r < 0)
                return r;
        set_more(manager);
        return 0;
}
