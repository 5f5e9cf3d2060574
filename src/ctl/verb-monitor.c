/* SPDX-License-Identifier: ISC */

/* monitor [NAME|PATH:]: what happens, as it happens, from the signals of the bus. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/event.h"
#include "ctl/human.h"
#include "ctl/listing.h"
#include "ctl/live.h"
#include "ctl/properties.h"
#include "ctl/target.h"
#include "ctl/verb.h"

#define BUS_LOCAL_PATH      "/org/freedesktop/DBus/Local"
#define BUS_LOCAL_INTERFACE "org.freedesktop.DBus.Local"
#define BUS_PROPERTIES      "org.freedesktop.DBus.Properties"

/* So often is it tried to get through again, where not even the message bus is there. */
#define PAUSE_USEC 250000

/* How long all others wait for how one has ended that nobody saw. */
#define MISSED_USEC 2000000

typedef struct Monitor {
        const Options *options;
        Name target;
        bool is_path; /* all below .target is meant, and not itself */

        sd_event *event;
        sd_event_source *retry;
        sd_bus *bus;

        Lives *lives;
        sd_bus_slot *listing_slot;
        bool in_step; /* .lives says how it is; before, signals say nothing new */
        bool is_gone; /* the daemon, and that was told */
        Fault fault;  /* what ends the loop */
} Monitor;

static void monitor_done(Monitor *monitor) {
        sd_bus_slot_unref(monitor->listing_slot);
        sd_event_source_disable_unref(monitor->retry);
        sd_bus_close_unref(monitor->bus);
        sd_event_unref(monitor->event);
        json_decref(monitor->lives);
}

static bool is_asked_for(const Monitor *monitor, const char *name) {
        return monitor->is_path ? name_is_below(name, monitor->target.text)
                                : strcmp(name, monitor->target.text) == 0;
}

/* A path itself is below what is asked for, too. */
static bool is_path_asked_for(const Monitor *monitor, const char *path) {
        return monitor->is_path && (name_is_below(path, monitor->target.text) ||
                                    strcmp(path, monitor->target.text) == 0);
}

static void tell(Monitor *monitor, Event event) {
        int r;

        event.usec = human_now();
        live_begin();
        r = event_print(stdout, &event, monitor->options->json);
        live_flush(monitor->event);
        if (r < 0)
                sd_event_exit(monitor->event, r);
}

static void tell_kind(Monitor *monitor, EventKind kind, const char *name) {
        if (kind != EVENT_NONE)
                tell(monitor, (Event){.kind = kind, .name = name});
}

/* --- what the signals say --- */

static const char *known_id(const char *id) {
        return id && id[0] ? id : NULL;
}

static int on_properties(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(json_decrefp) json_t *properties = NULL;
        _cleanup_(freep) char *name = NULL;
        Monitor *monitor = userdata;
        const char *interface;
        EventKind kind = EVENT_CHANGED; /* what is told without a state */

        if (!monitor->in_step ||
            sd_bus_path_decode(sd_bus_message_get_path(message), BUS_UNIKERNEL_PATH, &name) <= 0 ||
            !is_asked_for(monitor, name) || sd_bus_message_read(message, "s", &interface) < 0 ||
            strcmp(interface, BUS_UNIKERNEL) != 0 || json_from_dictionary(&properties, message) < 0)
                return 0;

        if (json_object_get(properties, "State"))
                kind = lives_changed(monitor->lives, name, properties_string(properties, "State"),
                                     properties_number(properties, "StateChangeTimestamp"));
        if (kind == EVENT_STARTED)
                tell(monitor, (Event){.kind = kind,
                                      .name = name,
                                      .pid = properties_number(properties, "MainPID"),
                                      .invocation = known_id(
                                              properties_string(properties, "InvocationID"))});
        else if (kind != EVENT_ENDED)
                tell_kind(monitor, kind, name);
        return 0;
}

static void handle_exited(Monitor *monitor, const char *name, sd_bus_message *message) {
        Event event = {.kind = EVENT_ENDED, .name = name};
        char text[SD_ID128_STRING_MAX];
        sd_id128_t invocation;
        const void *bytes;
        size_t size;

        if (sd_bus_message_read(message, "osi", NULL, &event.result, &event.status) < 0 ||
            sd_bus_message_read_array(message, 'y', &bytes, &size) < 0)
                return;
        if (size == sizeof(invocation)) {
                memcpy(&invocation, bytes, size);
                event.invocation = sd_id128_to_string(invocation, text);
        }
        tell(monitor, event);
        tell_kind(monitor, lives_ended(monitor->lives, name), name);
}

static void handle_unikernel(Monitor *monitor, const char *member, sd_bus_message *message) {
        const char *name;
        uint64_t when_usec;

        if (sd_bus_message_read(message, "s", &name) < 0 || !is_asked_for(monitor, name))
                return;
        if (strcmp(member, "UnikernelAdded") == 0) {
                tell_kind(monitor, EVENT_CREATED, name);
        } else if (strcmp(member, "UnikernelRemoved") == 0) {
                json_object_del(monitor->lives, name);
                tell_kind(monitor, EVENT_DESTROYED, name);
        } else if (strcmp(member, "UnikernelExited") == 0) {
                handle_exited(monitor, name, message);
        } else if (strcmp(member, "UnikernelRestarting") == 0) {
                if (sd_bus_message_read(message, "ot", NULL, &when_usec) >= 0)
                        tell(monitor, (Event){.kind = EVENT_RESTARTING,
                                              .name = name,
                                              .next_usec = when_usec});
        }
}

static int on_manager(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        static const struct {
                const char *member;
                EventKind kind;
                bool (*is_asked_for)(const Monitor *monitor, const char *name);
        } signals[] = {
                {"PolicyChanged", EVENT_POLICY_CHANGED, is_path_asked_for},
                {"PolicyRemoved", EVENT_POLICY_REMOVED, is_path_asked_for},
                {"BlockDeviceAdded", EVENT_BLOCK_CREATED, is_asked_for},
                {"BlockDeviceChanged", EVENT_BLOCK_CHANGED, is_asked_for},
                {"BlockDeviceRemoved", EVENT_BLOCK_REMOVED, is_asked_for},
        };
        const char *member = sd_bus_message_get_member(message), *name;
        Monitor *monitor = userdata;

        if (!monitor->in_step)
                return 0;
        if (strncmp(member, "Unikernel", strlen("Unikernel")) == 0) {
                handle_unikernel(monitor, member, message);
                return 0;
        }
        for (size_t i = 0; i < N_ELEMENTS(signals); i++)
                if (strcmp(member, signals[i].member) == 0 &&
                    sd_bus_message_read(message, "s", &name) >= 0 &&
                    signals[i].is_asked_for(monitor, name))
                        tell_kind(monitor, signals[i].kind, name);
        return 0;
}

/* --- what has happened while nobody told us --- */

/* It has ended meanwhile. The signal was sent to nobody, but its last end is known. */
static void tell_missed_end(Monitor *monitor, const char *text) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL, *reply = NULL;
        _cleanup_(json_decrefp) json_t *properties = NULL;
        Fault fault = {};
        Name name;

        if (name_parse(&name, text, NULL) < 0 ||
            properties_request(&request, monitor->bus, &name, &fault) < 0 ||
            sd_bus_message_set_auto_start(request, false) < 0 ||
            call_now(&reply, monitor->bus, request, MISSED_USEC, &fault) < 0 ||
            json_from_dictionary(&properties, reply) < 0)
                return;
        tell(monitor, (Event){.kind = EVENT_ENDED,
                              .name = text,
                              .result = properties_string(properties, "ExitResult"),
                              .status = (int) properties_number(properties, "ExitStatus")});
        tell_kind(monitor, lives_ended(monitor->lives, text), text);
        if (properties_number(properties, "NextRestartTimestamp") > 0)
                tell(monitor,
                     (Event){.kind = EVENT_RESTARTING,
                             .name = text,
                             .next_usec = properties_number(properties, "NextRestartTimestamp")});
}

static void compare_one(Monitor *monitor, const Listed *item) {
        bool is_known = json_object_get(monitor->lives, item->name);
        EventKind kind;

        if (!is_asked_for(monitor, item->name))
                return;
        kind = lives_changed(monitor->lives, item->name, item->state, item->since_usec);
        if (!is_known)
                tell_kind(monitor, EVENT_CREATED, item->name);
        if (kind == EVENT_ENDED)
                tell_missed_end(monitor, item->name);
        else if (kind != EVENT_CHANGED)
                tell_kind(monitor, kind, item->name);
}

/* Those that are gone; what is left are the others, as they are now. */
static int compare_all(Monitor *monitor, const Listing *listing) {
        _cleanup_(json_decrefp) Lives *before = monitor->lives;
        const char *name;
        json_t *life;

        monitor->lives = json_object();
        if (!monitor->lives)
                return -ENOMEM;
        for (size_t i = 0; i < listing->n_items; i++) {
                life = json_object_get(before, listing->items[i].name);
                if (life && json_object_set(monitor->lives, listing->items[i].name, life) < 0)
                        return -ENOMEM;
        }
        json_object_foreach(before, name, life) if (!json_object_get(monitor->lives, name))
                tell_kind(monitor, EVENT_DESTROYED, name);
        for (size_t i = 0; i < listing->n_items; i++)
                compare_one(monitor, &listing->items[i]);
        return 0;
}

static int take_all(Monitor *monitor, const Listing *listing) {
        monitor->lives = json_object();
        if (!monitor->lives)
                return -ENOMEM;
        for (size_t i = 0; i < listing->n_items; i++)
                if (is_asked_for(monitor, listing->items[i].name))
                        lives_changed(monitor->lives, listing->items[i].name,
                                      listing->items[i].state, listing->items[i].since_usec);
        /* It may be about to be created; or be a slip. */
        if (!monitor->is_path && json_object_size(monitor->lives) == 0 &&
            !option_given(monitor->options, OPTION_QUIET))
                fprintf(stderr, "There is no unikernel \"%s\" yet.\n", monitor->target.text);
        return 0;
}

static int take_listing(Monitor *monitor, sd_bus_message *reply) {
        _cleanup_(listing_done) Listing listing = {};
        int r;

        if (sd_bus_message_is_method_error(reply, NULL))
                return error_from_bus(&monitor->fault, sd_bus_message_get_error(reply), -EIO);
        r = listing_read(&listing, reply, &monitor->fault);
        if (r < 0)
                return r;
        return monitor->lives ? compare_all(monitor, &listing) : take_all(monitor, &listing);
}

static int try_again(Monitor *monitor) {
        int r;

        r = sd_event_source_set_time_relative(monitor->retry, PAUSE_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(monitor->retry, SD_EVENT_ONESHOT);
}

static int on_listing(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Monitor *monitor = userdata;
        int r;

        monitor->listing_slot = sd_bus_slot_unref(monitor->listing_slot);
        if (monitor->is_gone) {
                /* It may have gone again before it could answer: then its next name is heard of.
                 * Else it is there, and only this one time it could not. */
                if (sd_bus_message_is_method_error(reply, NULL))
                        return connect_is_away(reply) ? 0 : try_again(monitor);
                monitor->is_gone = false;
                tell_kind(monitor, EVENT_DAEMON_BACK, NULL);
        }
        r = take_listing(monitor, reply);
        if (r < 0)
                sd_event_exit(monitor->event, r);
        monitor->in_step = true;
        return 0;
}

/* Signals that come before the answer are older than what it says. */
static int ask_for_listing(Monitor *monitor) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        Name path = monitor->target;
        int r;

        if (!monitor->is_path)
                path.text[name_path_length(&path)] = '\0';
        monitor->listing_slot = sd_bus_slot_unref(monitor->listing_slot);
        r = listing_request(&request, monitor->bus, &path, &monitor->fault);
        if (r < 0)
                return r;
        /* Who only listens does not start again what was stopped. */
        r = sd_bus_message_set_auto_start(request, !monitor->lives);
        if (r < 0)
                return r;
        r = sd_bus_call_async(monitor->bus, &monitor->listing_slot, request, on_listing, monitor,
                              CALL_DEFAULT);
        return r < 0 ? error_from_bus(&monitor->fault, NULL, r) : 0;
}

/* --- the way there --- */

static void daemon_went_away(Monitor *monitor) {
        monitor->in_step = false;
        if (!monitor->is_gone)
                tell_kind(monitor, EVENT_DAEMON_GONE, NULL);
        monitor->is_gone = true;
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *before, *now;
        Monitor *monitor = userdata;
        int r;

        if (sd_bus_message_read(message, "sss", NULL, &before, &now) < 0)
                return 0;
        if (before[0])
                daemon_went_away(monitor);
        if (!now[0])
                return 0;
        r = ask_for_listing(monitor);
        if (r < 0)
                sd_event_exit(monitor->event, r);
        return 0;
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Monitor *monitor = userdata;

        daemon_went_away(monitor);
        return try_again(monitor);
}

static int add_matches(Monitor *monitor) {
        char rule[256];
        int r;

        snprintf(rule, sizeof(rule),
                 "type='signal',%sinterface='" BUS_PROPERTIES "',member='PropertiesChanged',"
                 "path_namespace='" BUS_UNIKERNEL_PATH "'",
                 connect_sender(monitor->bus) ? "sender='" BUS_NAME "'," : "");
        r = sd_bus_match_signal(monitor->bus, NULL, NULL, BUS_LOCAL_PATH, BUS_LOCAL_INTERFACE,
                                "Disconnected", on_disconnected, monitor);
        if (r >= 0 && connect_sender(monitor->bus))
                r = sd_bus_add_match(monitor->bus, NULL,
                                     "type='signal',sender='org.freedesktop.DBus',"
                                     "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
                                     "arg0='" BUS_NAME "'",
                                     on_owner_changed, monitor);
        if (r >= 0)
                r = sd_bus_match_signal(monitor->bus, NULL, connect_sender(monitor->bus), BUS_PATH,
                                        BUS_MANAGER, NULL, on_manager, monitor);
        if (r >= 0)
                r = sd_bus_add_match(monitor->bus, NULL, rule, on_properties, monitor);
        return r < 0 ? error_from_bus(&monitor->fault, NULL, r) : 0;
}

static int begin(Monitor *monitor) {
        int r;

        monitor->listing_slot = sd_bus_slot_unref(monitor->listing_slot);
        monitor->bus = sd_bus_close_unref(monitor->bus);
        r = monitor->lives ? connect_again(&monitor->bus, monitor->options, &monitor->fault)
                           : connect_listener(&monitor->bus, monitor->options, &monitor->fault);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(monitor->bus, monitor->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        r = add_matches(monitor);
        return r < 0 ? r : ask_for_listing(monitor);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Monitor *monitor = userdata;
        bool is_open = monitor->bus && sd_bus_is_open(monitor->bus) > 0;

        if ((is_open ? ask_for_listing(monitor) : begin(monitor)) >= 0)
                return 0;
        monitor->listing_slot = sd_bus_slot_unref(monitor->listing_slot);
        monitor->bus = sd_bus_close_unref(monitor->bus);
        return try_again(monitor);
}

static int read_target(Monitor *monitor, Fault *fault) {
        const Options *options = monitor->options;

        monitor->is_path = options->n_args == 0 || target_is_path(options->args[0]);
        if (options->n_args == 0)
                return target_default_path(&monitor->target, options, fault);
        return monitor->is_path ? target_path(&monitor->target, options->args[0], options, fault)
                                : target_name(&monitor->target, options->args[0], options, fault);
}

static int on_end(sd_event_source *source, void *userdata) {
        Monitor *monitor = userdata;

        monitor->listing_slot = sd_bus_slot_unref(monitor->listing_slot);
        monitor->bus = sd_bus_close_unref(monitor->bus);
        return 0;
}

int verb_monitor(const Options *options, Fault *fault) {
        _cleanup_(monitor_done) Monitor monitor = {.options = options};
        int r;

        r = read_target(&monitor, fault);
        if (r < 0)
                return r;
        r = live_new(&monitor.event);
        if (r >= 0)
                r = live_at_end(monitor.event, on_end, &monitor);
        if (r < 0)
                return r;
        r = sd_event_add_time(monitor.event, &monitor.retry, CLOCK_MONOTONIC, 0, 0, on_retry,
                              &monitor);
        if (r >= 0)
                r = sd_event_source_set_enabled(monitor.retry, SD_EVENT_OFF);
        if (r >= 0)
                r = begin(&monitor);
        if (r >= 0)
                r = sd_event_loop(monitor.event);
        if (r < 0)
                *fault = monitor.fault;
        return r;
}
