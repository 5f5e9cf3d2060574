/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "systemd/manager-call.h"
#include "systemd/scope.h"

/* A guest thread, hvt's network thread, and air: what a scope may hold at most. */
#define TASKS_MAX 8U

/* Once is enough, but for a PID 1 that is re-executed meanwhile. */
#define CLEARINGS_MAX 3U
#define ASKINGS_MAX   3U

struct ScopeWatch {
        sd_bus *bus;
        sd_bus_slot *slot;
        sd_bus_slot *owner_slot;
        ListLink starts;
        ListLink abandoned; /* nobody waits for these any more, but they may become a scope */
};

struct ScopeStart {
        ListLink link;
        ScopeWatch *watch;
        sd_bus_slot *slot;
        sd_event_source *deadline;
        uint64_t timeout_usec;
        char *unit, *slice, *description, *job;
        pid_t pid;
        uint64_t memory_max_bytes;
        uint8_t *allowed_cpus;
        size_t allowed_cpus_size;
        bool requested; /* StartTransientUnit is not answered yet */
        bool clearing;  /* the job at hand stops a leftover of that name */
        bool asking;    /* what has become of it over a PID 1 that was executed anew; a job at
                         * hand is one that this PID 1 has still to do */
        unsigned n_cleared, n_asked;
        ScopeStarted handler;
        void *userdata;
};

static void release(ScopeStart *start) {
        list_remove(&start->link);
        sd_event_source_disable_unref(start->deadline);
        sd_bus_slot_unref(start->slot);
        free(start->unit);
        free(start->slice);
        free(start->description);
        free(start->job);
        free(start->allowed_cpus);
        free(start);
}

ScopeStart *scope_start_free(ScopeStart *start) {
        if (!start)
                return NULL;

        start->handler = NULL;
        start->deadline = sd_event_source_disable_unref(start->deadline);
        if (start->requested) {
                list_remove(&start->link);
                list_append(&start->watch->abandoned, &start->link);
                return NULL;
        }
        if (start->asking || (start->job && !start->clearing))
                (void) scope_stop(start->watch->bus, start->unit);
        release(start);
        return NULL;
}

DEFINE_CLEANUP(ScopeStart *, scope_start_free);

static int request_start(ScopeStart *start);

static void finish(ScopeStart *start, int error, const char *reason) {
        list_remove(&start->link);
        start->deadline = sd_event_source_disable_unref(start->deadline);
        start->handler(start->userdata, error, reason);
}

/* The end of a handler: when what comes next could not be begun, nothing comes. */
static int go_on(ScopeStart *start, int r) {
        if (r < 0)
                finish(start, r, strerror(-r));
        return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        ScopeStart *start = userdata;
        char reason[64];

        snprintf(reason, sizeof(reason), "it has not answered within %" PRIu64 " s",
                 start->timeout_usec / 1000000U);
        /* What was asked of a PID 1 that is gone may have been done. */
        finish(start, start->slot || start->job ? -ETIMEDOUT : -ECONNRESET, reason);
        return 0;
}

static int remember_job(ScopeStart *start, sd_bus_message *reply) {
        const char *job;
        int r;

        r = sd_bus_message_read(reply, "o", &job);
        if (r < 0)
                return r;
        free(start->job);
        start->job = strdup(job);
        return start->job ? 0 : -ENOMEM;
}

/* Not an answer, but that none will come: made up by sd-bus or by the message bus. */
static bool is_lost(const sd_bus_error *failure) {
        return sd_bus_error_has_name(failure, SD_BUS_ERROR_NO_REPLY) ||
               sd_bus_error_has_name(failure, SD_BUS_ERROR_DISCONNECTED) ||
               sd_bus_error_get_errno(failure) == ECONNRESET;
}

/* False: PID 1 has gone before it answered. Whoever finds it again asks anew. */
static bool is_answered(ScopeStart *start, sd_bus_message *reply) {
        const sd_bus_error *failure = sd_bus_message_get_error(reply);

        start->slot = sd_bus_slot_unref(start->slot);
        return !failure || !is_lost(failure);
}

static int on_stop_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        ScopeStart *start = userdata;
        int r;

        if (!is_answered(start, reply))
                return 0;
        start->clearing = true;
        if (sd_bus_message_is_method_error(reply, NULL)) {
                /* Gone by itself meanwhile: that is what we wanted. */
                start->clearing = false;
                r = request_start(start);
        } else
                r = remember_job(start, reply);
        return go_on(start, r);
}

static int clear_leftover(ScopeStart *start) {
        start->n_cleared++;
        (void) scope_release(start->watch->bus, start->unit);
        return sd_bus_call_method_async(start->watch->bus, &start->slot, MANAGER_ADDRESS,
                                        "StopUnit", on_stop_reply, start, "ss", start->unit,
                                        "replace");
}

static int on_description(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const char *description = "";
        ScopeStart *start = userdata;
        char reason[512];

        if (!is_answered(start, reply))
                return 0;
        if (sd_bus_message_is_method_error(reply, NULL)) {
                finish(start, -EIO, sd_bus_message_get_error(reply)->message);
                return 0;
        }
        (void) sd_bus_message_read(reply, "v", "s", &description);
        /* A run that ended a moment ago: PID 1 has not noticed yet that its scope is empty. */
        if (strcmp(description, start->description) == 0)
                return go_on(start, clear_leftover(start));
        /* It went between the two questions: what is not there is described by its name. */
        if (strcmp(description, start->unit) == 0) {
                start->n_cleared++;
                return go_on(start, request_start(start));
        }
        snprintf(reason, sizeof(reason), "there is a unit %s that is not ours (\"%.100s\")",
                 start->unit, description);
        finish(start, -EEXIST, reason);
        return 0;
}

static int get_property(ScopeStart *start, const char *property, sd_bus_message_handler_t handler) {
        _cleanup_(freep) char *path = NULL;
        int r;

        r = sd_bus_path_encode(MANAGER_UNIT_PREFIX, start->unit, &path);
        if (r < 0)
                return r;
        return sd_bus_call_method_async(start->watch->bus, &start->slot, MANAGER_NAME, path,
                                        "org.freedesktop.DBus.Properties", "Get", handler, start,
                                        "ss", MANAGER_UNIT, property);
}

/* It comes after its time. */
static void on_late_reply(ScopeStart *start, const sd_bus_error *failure) {
        if (!failure)
                (void) scope_stop(start->watch->bus, start->unit);
        release(start);
}

static int on_start_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        ScopeStart *start = userdata;
        const sd_bus_error *failure = sd_bus_message_get_error(reply);
        int r;

        start->slot = sd_bus_slot_unref(start->slot);
        start->requested = false;
        if (!start->handler) {
                on_late_reply(start, failure);
                return 0;
        }
        /* It may have been made. Whoever finds PID 1 again tells, when it can be stopped there. */
        if (failure && is_lost(failure))
                return 0;
        if (!failure)
                return go_on(start, remember_job(start, reply));

        if (start->n_cleared < CLEARINGS_MAX &&
            sd_bus_error_has_name(failure, MANAGER_ERROR_UNIT_EXISTS)) {
                /* Somebody may have made a unit of this name himself, and what runs in it is none
                 * of our business. */
                r = get_property(start, "Description", on_description);
                if (r >= 0)
                        return 0;
        }
        finish(start, -EIO, failure->message);
        return 0;
}

static int append_properties(sd_bus_message *message, const ScopeStart *start) {
        int r;

        /* CollectMode=inactive keeps a failed scope until its Result was read; DefaultDependencies
         * and the order before albatross-guests.service make a shutdown end guests while the
         * daemon can still take note. */
        /* clang-format off */
        r = sd_bus_message_append(message, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)",
                                  "Description", "s", start->description,
                                  "Slice", "s", start->slice,
                                  "PIDs", "au", 1, (uint32_t) start->pid,
                                  "CollectMode", "s", "inactive",
                                  "OOMPolicy", "s", "kill",
                                  "KillSignal", "i", SCOPE_KILL_SIGNAL,
                                  "Before", "as", 1, "albatross-guests.service",
                                  "MemoryMax", "t", start->memory_max_bytes,
                                  "MemorySwapMax", "t", (uint64_t) 0,
                                  "TasksMax", "t", (uint64_t) TASKS_MAX,
                                  "CPUWeight", "t", (uint64_t) 100,
                                  "IOWeight", "t", (uint64_t) 100);
        /* clang-format on */
        if (r < 0 || start->allowed_cpus_size == 0)
                return r;

        return manager_append_cpus(message, start->allowed_cpus, start->allowed_cpus_size);
}

static int request_start(ScopeStart *start) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = sd_bus_message_new_method_call(start->watch->bus, &message, MANAGER_ADDRESS,
                                           "StartTransientUnit");
        if (r < 0)
                return r;
        /* "fail" would: a slice that has just lost its last scope has a stop job of its own. */
        r = sd_bus_message_append(message, "ss", start->unit, "replace");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(message, 'a', "(sv)");
        if (r < 0)
                return r;
        r = append_properties(message, start);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(message);
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "a(sa(sv))", 0);
        if (r < 0)
                return r;
        r = sd_bus_call_async(start->watch->bus, &start->slot, message, on_start_reply, start,
                              MANAGER_TIMEOUT);
        start->requested = r >= 0;
        return r;
}

static int on_unit_of_process(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        _cleanup_(freep) char *own_path = NULL;
        ScopeStart *start = userdata;
        const char *path;
        int r;

        if (!is_answered(start, reply))
                return 0;
        start->asking = false;
        r = sd_bus_path_encode(MANAGER_UNIT_PREFIX, start->unit, &own_path);
        if (r >= 0 && sd_bus_message_read(reply, "o", &path) >= 0 && strcmp(path, own_path) == 0) {
                finish(start, 0, NULL);
                return 0;
        }
        if (r >= 0)
                r = request_start(start);
        return go_on(start, r);
}

static int ask_unit_of_process(ScopeStart *start) {
        return sd_bus_call_method_async(start->watch->bus, &start->slot, MANAGER_ADDRESS,
                                        "GetUnitByPID", on_unit_of_process, start, "u",
                                        (uint32_t) start->pid);
}

static int on_job(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        ScopeStart *start = userdata;
        const char *job = NULL;
        uint32_t id = 0;
        int r;

        if (!is_answered(start, reply))
                return 0;
        r = sd_bus_message_read(reply, "v", "(uo)", &id, &job);
        if (r >= 0 && id > 0) {
                /* The end of the job is told to whoever asked for it, also by the PID 1 after. */
                start->job = strdup(job);
                r = start->job ? 0 : -ENOMEM;
        } else
                r = ask_unit_of_process(start);
        return go_on(start, r);
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        ScopeWatch *watch = userdata;
        const char *job, *unit, *result;
        int r;

        r = sd_bus_message_read(message, "uoss", NULL, &job, &unit, &result);
        if (r < 0)
                return 0;

        LIST_FOREACH(link, &watch->starts) {
                ScopeStart *start = LIST_ENTRY(link, ScopeStart, link);

                if (!start->job || strcmp(start->job, job) != 0)
                        continue;
                free(TAKE_PTR(start->job));
                if (start->clearing || start->asking) {
                        r = start->asking ? ask_unit_of_process(start) : request_start(start);
                        start->clearing = false;
                        if (r < 0)
                                finish(start, r, strerror(-r));
                } else if (strcmp(result, "done") == 0)
                        finish(start, 0, NULL);
                else {
                        /* The job was ours, so is the unit that has failed and stays. */
                        (void) scope_release(watch->bus, start->unit);
                        finish(start, -EIO, result);
                }
                break;
        }
        return 0;
}

int scope_start(ScopeStart **ret,
                ScopeWatch *watch,
                const ScopeSpec *spec,
                ScopeStarted handler,
                void *userdata) {
        _cleanup_(scope_start_freep) ScopeStart *start = NULL;
        int r;

        start = calloc(1, sizeof(*start));
        if (!start)
                return -ENOMEM;
        start->watch = watch;
        start->handler = handler;
        start->userdata = userdata;
        start->pid = spec->pid;
        start->memory_max_bytes = spec->memory_max_bytes;
        start->timeout_usec = spec->timeout_usec;
        start->unit = strdup(spec->unit);
        start->slice = strdup(spec->slice);
        start->description = strdup(spec->description);
        start->allowed_cpus = malloc(MAX_OF(spec->allowed_cpus_size, 1U));
        if (!start->unit || !start->slice || !start->description || !start->allowed_cpus)
                return -ENOMEM;
        start->allowed_cpus_size = spec->allowed_cpus_size;
        if (spec->allowed_cpus_size > 0)
                memcpy(start->allowed_cpus, spec->allowed_cpus, spec->allowed_cpus_size);

        r = sd_event_add_time_relative(sd_bus_get_event(watch->bus), &start->deadline,
                                       CLOCK_MONOTONIC, spec->timeout_usec, 0, on_deadline, start);
        if (r < 0)
                return r;
        r = request_start(start);
        if (r < 0)
                return r;
        list_append(&watch->starts, &start->link);
        *ret = TAKE_PTR(start);
        return 0;
}

static void forget_abandoned(ScopeWatch *watch) {
        LIST_FOREACH(link, &watch->abandoned)
        release(LIST_ENTRY(link, ScopeStart, link));
}

ScopeWatch *scope_watch_free(ScopeWatch *watch) {
        if (!watch)
                return NULL;
        forget_abandoned(watch);
        sd_bus_slot_unref(watch->slot);
        sd_bus_slot_unref(watch->owner_slot);
        sd_bus_unref(watch->bus);
        free(watch);
        return NULL;
}

DEFINE_CLEANUP(ScopeWatch *, scope_watch_free);

static void fail_all(ScopeWatch *watch, const char *reason) {
        forget_abandoned(watch);
        LIST_FOREACH(link, &watch->starts)
        /* Its answer won't come. */
        LIST_ENTRY(link, ScopeStart, link)->requested = false;
        LIST_FOREACH(link, &watch->starts)
        finish(LIST_ENTRY(link, ScopeStart, link), -ECONNRESET, reason);
}

/* Either the process is in its scope already, or that is asked for once more. Not before jobs that
 * PID 1 has kept are done: one would put the process into its scope after we were told that it is
 * in none, and that scope would be cleared away as a leftover, with the process in it. */
static int ask_again(ScopeStart *start) {
        if (start->n_asked++ >= ASKINGS_MAX)
                return -ECONNRESET;
        start->slot = sd_bus_slot_unref(start->slot);
        free(TAKE_PTR(start->job));
        start->requested = start->clearing = false;
        start->asking = true;
        return get_property(start, "Job", on_job);
}

/* PID 1 was executed anew, or thrown off the bus, and is back: what it would have told of our jobs
 * meanwhile is lost. Not before it is back, since what failed is then cleared away there. */
static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        ScopeWatch *watch = userdata;
        const char *new_owner;
        int r;

        if (sd_bus_message_read(message, "sss", NULL, NULL, &new_owner) < 0 || !new_owner[0])
                return 0;
        forget_abandoned(watch);
        LIST_FOREACH(link, &watch->starts) {
                r = ask_again(LIST_ENTRY(link, ScopeStart, link));
                if (r < 0)
                        finish(LIST_ENTRY(link, ScopeStart, link), r,
                               "systemd has left the message bus meanwhile");
        }
        return 0;
}

int scope_watch_set_bus(ScopeWatch *watch, sd_bus *bus) {
        int r;

        watch->slot = sd_bus_slot_unref(watch->slot);
        watch->owner_slot = sd_bus_slot_unref(watch->owner_slot);
        sd_bus_unref(watch->bus);
        watch->bus = sd_bus_ref(bus);
        /* On PID 1's own socket there are no names, and so no senders. */
        r = sd_bus_match_signal_async(
                bus, &watch->slot, sd_bus_is_bus_client(bus) ? MANAGER_NAME : NULL,
                "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "JobRemoved",
                on_job_removed, NULL, watch);
        if (r >= 0 && sd_bus_is_bus_client(bus))
                r = sd_bus_add_match_async(bus, &watch->owner_slot,
                                           "type='signal',sender='org.freedesktop.DBus',"
                                           "interface='org.freedesktop.DBus',"
                                           "member='NameOwnerChanged',arg0='" MANAGER_NAME "'",
                                           on_owner_changed, NULL, watch);
        fail_all(watch, "the connection to systemd was lost meanwhile");
        return r;
}

int scope_watch_new(ScopeWatch **ret, sd_bus *bus) {
        _cleanup_(scope_watch_freep) ScopeWatch *watch = NULL;
        int r;

        watch = calloc(1, sizeof(*watch));
        if (!watch)
                return -ENOMEM;
        list_init(&watch->starts);
        list_init(&watch->abandoned);
        r = scope_watch_set_bus(watch, bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(watch);
        return 0;
}
