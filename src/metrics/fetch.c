/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "metrics/fetch.h"
#include "metrics/reply.h"

#define SERVICE_PATH "/org/freedesktop/systemd1/unit/albatrossd_2eservice"

/* What is known of the daemon by systemd; AnswerUSec is known by us. */
static const char *const properties[] = {
        "CPUUsageNSec", "MemoryCurrent", "TasksCurrent", "NRestarts", "ExecMainStartTimestamp",
};

struct Fetch {
        sd_event *event;
        sd_bus *bus;
        Fetched done;
        void *userdata;
        sd_event_source *timer, *end;
        unsigned n_pending;
        uint64_t began_usec, answered_usec;
        uint64_t cookies[N_ELEMENTS(properties)]; /* of the questions for them */
        bool has_failed;                          /* the list or the host could not be had */
        bool has_list, has_host;
        /* What is listed goes first into the snapshot, so that one search finds each. */
        sd_bus_message *statistics;
        Snapshot snapshot;
};

/* Without these nothing is known. */
static void complain(Fetch *fetch, const char *reason) {
        fetch->has_failed = true;
        snapshot_complain(&fetch->snapshot, "albatrossd can't be asked", reason);
}

/* Without these, what the daemon itself knows is told. */
static void miss_statistics(Fetch *fetch, const char *reason) {
        snapshot_complain(&fetch->snapshot, "The statistics can't be had", reason);
}

static void finish(Fetch *fetch) {
        Snapshot *snapshot = &fetch->snapshot;
        int r;

        snapshot->is_up = !fetch->has_failed;
        if (snapshot->is_up && fetch->statistics) {
                r = reply_read_statistics(fetch->statistics, snapshot);
                if (r < 0)
                        miss_statistics(fetch, strerror(-r));
                snapshot->has_statistics = r >= 0;
        }
        snapshot_sort(snapshot);
        figures_set(&snapshot->daemon, family_find(OF_DAEMON, "AnswerUSec", 0),
                    fetch->answered_usec - fetch->began_usec);
        fetch->done(fetch->userdata, snapshot);
}

/* Not from within an answer: whoever is told frees the fetch, and its bus with it. */
static int on_end(sd_event_source *source, void *userdata) {
        finish(userdata);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        Fetch *fetch = userdata;

        if (!fetch->has_list || !fetch->has_host)
                complain(fetch, "it does not answer");
        else if (!fetch->statistics)
                miss_statistics(fetch, "they take too long");
        finish(fetch);
        return 0;
}

static void look(Fetch *fetch) {
        if (--fetch->n_pending == 0)
                (void) sd_event_source_set_enabled(fetch->end, SD_EVENT_ONESHOT);
}

typedef void (*Complain)(Fetch *fetch, const char *reason);

/* Whether there is something to read in it. */
static bool is_answer(Fetch *fetch, sd_bus_message *reply, Complain complain_about) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        fetch->answered_usec = clock_usec(CLOCK_MONOTONIC);
        if (!error)
                return true;
        complain_about(fetch,
                       sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
                                       sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER)
                               ? "it does not run"
                       : error->message ? error->message
                                        : error->name);
        return false;
}

static int on_list(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Fetch *fetch = userdata;
        int r;

        fetch->has_list = true;
        if (is_answer(fetch, reply, complain)) {
                r = reply_read_list(reply, &fetch->snapshot);
                if (r < 0)
                        complain(fetch, strerror(-r));
        }
        look(fetch);
        return 0;
}

static int on_statistics(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Fetch *fetch = userdata;

        if (is_answer(fetch, reply, miss_statistics))
                fetch->statistics = sd_bus_message_ref(reply);
        look(fetch);
        return 0;
}

static int on_host(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Fetch *fetch = userdata;
        int r;

        fetch->has_host = true;
        if (is_answer(fetch, reply, complain)) {
                r = reply_read_host(reply, &fetch->snapshot);
                if (r < 0)
                        complain(fetch, strerror(-r));
        }
        look(fetch);
        return 0;
}

/* Nothing depends on these: what is not told is left out. */
static int on_property(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Fetch *fetch = userdata;
        uint64_t cookie;

        if (!sd_bus_message_is_method_error(reply, NULL) &&
            sd_bus_message_get_reply_cookie(reply, &cookie) >= 0)
                for (size_t i = 0; i < N_ELEMENTS(properties); i++)
                        if (fetch->cookies[i] == cookie)
                                (void) reply_read_daemon(reply, properties[i], &fetch->snapshot);
        look(fetch);
        return 0;
}

/* --- asking --- */

static int ask(Fetch *fetch,
               const char *member,
               const char *prefix,
               sd_bus_message_handler_t answered) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(fetch->bus, &call, "org.albatross", "/org/albatross",
                                           "org.albatross.Manager", member);
        /* One that was stopped stays so. */
        if (r >= 0)
                r = sd_bus_message_set_auto_start(call, false);
        if (r >= 0 && prefix)
                r = sd_bus_message_append_basic(call, 's', prefix);
        if (r >= 0)
                r = sd_bus_call_async(fetch->bus, NULL, call, answered, fetch, FETCH_USEC);
        if (r >= 0)
                fetch->n_pending++;
        return r;
}

static int ask_property(Fetch *fetch, size_t which) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(fetch->bus, &call, "org.freedesktop.systemd1",
                                           SERVICE_PATH, "org.freedesktop.DBus.Properties", "Get");
        if (r >= 0)
                r = sd_bus_message_append(call, "ss", "org.freedesktop.systemd1.Service",
                                          properties[which]);
        if (r >= 0)
                r = sd_bus_call_async(fetch->bus, NULL, call, on_property, fetch, FETCH_USEC);
        if (r >= 0)
                r = sd_bus_message_get_cookie(call, &fetch->cookies[which]);
        if (r >= 0)
                fetch->n_pending++;
        return r;
}

static int begin(Fetch *fetch) {
        int r;

        r = sd_event_add_time_relative(fetch->event, &fetch->timer, CLOCK_MONOTONIC, FETCH_USEC, 0,
                                       on_timeout, fetch);
        if (r >= 0)
                r = sd_event_add_defer(fetch->event, &fetch->end, on_end, fetch);
        if (r >= 0)
                r = sd_event_source_set_enabled(fetch->end, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_bus_open_system(&fetch->bus);
        if (r >= 0)
                r = sd_bus_attach_event(fetch->bus, fetch->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = ask(fetch, "ListUnikernels", "", on_list);
        if (r >= 0)
                r = ask(fetch, "GetStatistics", "", on_statistics);
        if (r >= 0)
                r = ask(fetch, "GetHost", NULL, on_host);
        for (size_t i = 0; r >= 0 && i < N_ELEMENTS(properties); i++)
                r = ask_property(fetch, i);
        return r;
}

int fetch_start(Fetch **ret, sd_event *event, Fetched done, void *userdata) {
        Fetch *fetch;
        int r;

        fetch = calloc(1, sizeof(*fetch));
        if (!fetch)
                return -ENOMEM;
        fetch->event = sd_event_ref(event);
        fetch->done = done;
        fetch->userdata = userdata;
        fetch->began_usec = fetch->answered_usec = clock_usec(CLOCK_MONOTONIC);
        r = begin(fetch);
        if (r < 0) {
                fetch_free(fetch);
                return r;
        }
        *ret = fetch;
        return 0;
}

Fetch *fetch_free(Fetch *fetch) {
        if (!fetch)
                return NULL;
        sd_event_source_disable_unref(fetch->timer);
        sd_event_source_disable_unref(fetch->end);
        sd_bus_message_unref(fetch->statistics);
        sd_bus_close_unref(fetch->bus);
        sd_event_unref(fetch->event);
        snapshot_clear(&fetch->snapshot);
        free(fetch);
        return NULL;
}
