/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "metrics/reply.h"

/* Where the last figure was: they come in the order of the table, mostly. */
typedef struct Place {
        FamilySubject subject;
        size_t next;
} Place;

static int count_elements(sd_bus_message *reply, const char *contents, uint64_t *ret) {
        uint64_t n = 0;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', contents);
        while (r >= 0 && (r = sd_bus_message_at_end(reply, false)) == 0) {
                r = sd_bus_message_skip(reply, contents);
                n++;
        }
        if (r < 0)
                return r;
        *ret = n;
        return sd_bus_message_exit_container(reply);
}

/* A number, or of an array how much is in there. 0: it is something else, and skipped. */
static int read_number(sd_bus_message *reply, const char *type, uint64_t *ret) {
        uint32_t small;
        int r;

        if (type[0] == 'u') {
                r = sd_bus_message_read_basic(reply, 'u', &small);
                if (r > 0)
                        *ret = small;
                return r;
        }
        if (type[0] == 't' || type[0] == 'd')
                return sd_bus_message_read_basic(reply, type[0], ret);
        if (type[0] == 'a') {
                r = count_elements(reply, type + 1, ret);
                return r < 0 ? r : 1;
        }
        return sd_bus_message_skip(reply, type) < 0 ? -EBADMSG : 0;
}

/* The variant of @key. */
static int read_figure(sd_bus_message *reply, Place *place, const char *key, Figures *figures) {
        size_t family = family_find(place->subject, key, place->next);
        const char *type;
        uint64_t value;
        char kind;
        int r;

        if (family == SIZE_MAX)
                return sd_bus_message_skip(reply, "v");
        r = sd_bus_message_peek_type(reply, &kind, &type);
        if (r <= 0 || kind != 'v')
                return r < 0 ? r : -EBADMSG;
        r = sd_bus_message_enter_container(reply, 'v', type);
        if (r < 0)
                return r;
        r = read_number(reply, type, &value);
        if (r < 0)
                return r;
        /* systemd's way to say that it does not know. */
        if (r > 0 && (place->subject != OF_DAEMON || value != UINT64_MAX))
                figures_set(figures, family, value);
        place->next = family + 1;
        return sd_bus_message_exit_container(reply);
}

static int read_text(sd_bus_message *reply, char **ret) {
        const char *text;
        char *copy;
        int r;

        r = sd_bus_message_read(reply, "v", "s", &text);
        if (r < 0)
                return r;
        copy = strdup(text);
        if (!copy)
                return -ENOMEM;
        free(*ret);
        *ret = copy;
        return 0;
}

/* What one entry of a dictionary says; the reader has its value. */
typedef int (*EntryReader)(sd_bus_message *reply, const char *key, void *userdata);

static int read_dictionary(sd_bus_message *reply, EntryReader reader, void *userdata) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = sd_bus_message_read_basic(reply, 's', &key);
                if (r >= 0)
                        r = reader(reply, key, userdata);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

/* --- ListUnikernels() --- */

/* A bound on what somebody may make us keep. */
#define UNIKERNELS_MAX 65536U

static int read_listed(sd_bus_message *reply, Snapshot *snapshot) {
        const char *name, *state, *type;
        uint64_t state_usec, memory_bytes, n_cpus;
        uint32_t n_restarts;
        Observed *observed;
        int r;

        r = sd_bus_message_read(reply, "sstt", &name, &state, &state_usec, &memory_bytes);
        if (r >= 0)
                r = count_elements(reply, "u", &n_cpus);
        if (r >= 0)
                r = sd_bus_message_read(reply, "uso", &n_restarts, &type, NULL);
        if (r < 0)
                return r;
        if (snapshot->n_unikernels >= UNIKERNELS_MAX)
                return -E2BIG;
        observed = snapshot_find_or_add(snapshot, name);
        if (!observed)
                return -ENOMEM;
        observed->state = strdup(state);
        observed->type = strdup(type);
        figures_set(&observed->figures, 0, state_usec);
        figures_set(&observed->figures, 1, memory_bytes);
        figures_set(&observed->figures, 2, n_cpus);
        figures_set(&observed->figures, 3, n_restarts);
        return observed->state && observed->type ? 0 : -ENOMEM;
}

int reply_read_list(sd_bus_message *reply, Snapshot *snapshot) {
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(ssttauuso)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(reply, 'r', "ssttauuso")) > 0) {
                r = read_listed(reply, snapshot);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
                if (r < 0)
                        return r;
        }
        snapshot_sort(snapshot);
        return r;
}

/* --- GetStatistics() --- */

typedef struct InterfaceReading {
        Place place;
        Interface *interface;
        char *host_name;
} InterfaceReading;

static int read_interface_entry(sd_bus_message *reply, const char *key, void *userdata) {
        InterfaceReading *reading = userdata;

        if (strcmp(key, "Interface") == 0)
                return read_text(reply, &reading->host_name);
        if (strcmp(key, "Device") == 0)
                return read_text(reply, &reading->interface->device);
        if (strcmp(key, "Bridge") == 0)
                return read_text(reply, &reading->interface->bridge);
        return read_figure(reply, &reading->place, key, &reading->interface->figures);
}

static int read_interfaces(sd_bus_message *reply, Observed *observed) {
        int r;

        r = sd_bus_message_enter_container(reply, 'v', "aa{sv}");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "a{sv}");
        while (r >= 0 && (r = sd_bus_message_at_end(reply, false)) == 0) {
                InterfaceReading reading = {.place.subject = OF_INTERFACE};

                reading.interface = observed_add_interface(observed);
                if (!reading.interface)
                        return -ENOMEM;
                r = read_dictionary(reply, read_interface_entry, &reading);
                /* Its name on the host is another one with every run; it has to do where the
                 * guest's name for it is not known. */
                if (!reading.interface->device)
                        reading.interface->device = TAKE_PTR(reading.host_name);
                free(reading.host_name);
                if (!reading.interface->device) {
                        observed_drop_interface(observed);
                        return r < 0 ? r : -EBADMSG;
                }
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

static int read_counters(sd_bus_message *reply, Observed *observed) {
        const char *name;
        uint64_t value;
        int r;

        r = sd_bus_message_enter_container(reply, 'v', "a{st}");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "{st}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(reply, "{st}", &name, &value)) > 0) {
                r = observed_add_counter(observed, name, value);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

typedef struct Reading {
        Place place;
        Observed *observed;
} Reading;

static int read_entry(sd_bus_message *reply, const char *key, void *userdata) {
        Reading *reading = userdata;

        if (strcmp(key, "Interfaces") == 0)
                return read_interfaces(reply, reading->observed);
        if (strcmp(key, "VMM") == 0)
                return read_counters(reply, reading->observed);
        return read_figure(reply, &reading->place, key, &reading->observed->figures);
}

int reply_read_statistics(sd_bus_message *reply, Snapshot *snapshot) {
        const char *name;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(sa{sv})");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(reply, 'r', "sa{sv}")) > 0) {
                Reading reading = {.place.subject = OF_UNIKERNEL};

                r = sd_bus_message_read_basic(reply, 's', &name);
                if (r < 0)
                        return r;
                if (snapshot->n_unikernels >= UNIKERNELS_MAX)
                        return -E2BIG;
                reading.observed = snapshot_find_or_add(snapshot, name);
                if (!reading.observed)
                        return -ENOMEM;
                r = read_dictionary(reply, read_entry, &reading);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
                if (r < 0)
                        return r;
        }
        return r;
}

/* --- GetHost(), and properties of the service --- */

static int read_host_entry(sd_bus_message *reply, const char *key, void *userdata) {
        Snapshot *snapshot = userdata;

        return read_figure(reply, &(Place){OF_HOST, 0}, key, &snapshot->host);
}

int reply_read_host(sd_bus_message *reply, Snapshot *snapshot) {
        return read_dictionary(reply, read_host_entry, snapshot);
}

int reply_read_daemon(sd_bus_message *reply, const char *key, Snapshot *snapshot) {
        return read_figure(reply, &(Place){OF_DAEMON, 0}, key, &snapshot->daemon);
}
