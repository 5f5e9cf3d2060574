/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/call.h"
#include "ctl/error.h"
#include "ctl/samples.h"

/* Which of the bus's figures make up ours. Of the second kind are those of the process alone: used
 * where the control group has none. */
static const struct {
        const char *key;
        Figure figure;
        bool is_second;
        uint64_t factor;
} sources[] = {
        {"CPUUsageUSec", FIGURE_CPU, false, 1},
        {"RuntimeUSec", FIGURE_CPU, true, 1},
        {"MemoryCurrentBytes", FIGURE_MEMORY, false, 1},
        {"RssBytes", FIGURE_MEMORY, true, 1},
        {"IOReadBytes", FIGURE_READ, false, 1},
        {"InblockBlocks", FIGURE_READ, true, 512},
        {"IOWriteBytes", FIGURE_WRITTEN, false, 1},
        {"OutblockBlocks", FIGURE_WRITTEN, true, 512},
};

/* While one is read: which of its figures are of the first kind, and stay. */
typedef struct Reading {
        Sample *sample;
        unsigned settled;
} Reading;

static int take_number(Reading *reading, const char *key, sd_bus_message *message) {
        Sample *sample = reading->sample;
        uint64_t value;
        int r;

        r = sd_bus_message_read(message, "v", "t", &value);
        if (r < 0)
                return r;
        if (strcmp(key, "Timestamp") == 0)
                sample->usec = value;
        else if (strcmp(key, "StartTimestamp") == 0)
                sample->start_usec = value;
        for (size_t i = 0; i < N_ELEMENTS(sources); i++) {
                unsigned bit = FIGURE_BIT(sources[i].figure);

                if (strcmp(key, sources[i].key) != 0 || (reading->settled & bit))
                        continue;
                sample->values[sources[i].figure] = value * sources[i].factor;
                sample->known |= bit;
                reading->settled |= sources[i].is_second ? 0 : bit;
        }
        return 0;
}

/* Calls @take for each entry of the dictionary at the message's place; it reads the variant. */
static int read_dictionary(sd_bus_message *message,
                           int (*take)(Reading *reading, const char *key, sd_bus_message *message),
                           Reading *reading) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        while (r >= 0) {
                r = sd_bus_message_enter_container(message, 'e', "sv");
                if (r <= 0)
                        break;
                r = sd_bus_message_read_basic(message, 's', &key);
                if (r >= 0)
                        r = take(reading, key, message);
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
        }
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

/* Input of the host's interface is what came from the guest. */
static int take_of_interface(Reading *reading, const char *key, sd_bus_message *message) {
        Figure figure = strcmp(key, "InputBytes") == 0    ? FIGURE_SENT
                        : strcmp(key, "OutputBytes") == 0 ? FIGURE_RECEIVED
                                                          : N_FIGURES;
        uint64_t value;
        int r;

        if (figure == N_FIGURES)
                return sd_bus_message_skip(message, "v");
        r = sd_bus_message_read(message, "v", "t", &value);
        if (r < 0)
                return r;
        reading->sample->values[figure] += value;
        reading->sample->known |= FIGURE_BIT(figure);
        return 0;
}

static int take_interfaces(Reading *reading, sd_bus_message *message) {
        int r;

        r = sd_bus_message_enter_container(message, 'v', "aa{sv}");
        if (r >= 0)
                r = sd_bus_message_enter_container(message, 'a', "a{sv}");
        while (r >= 0) {
                r = sd_bus_message_at_end(message, false);
                if (r != 0)
                        break;
                r = read_dictionary(message, take_of_interface, reading);
        }
        for (unsigned level = 0; r >= 0 && level < 2; level++)
                r = sd_bus_message_exit_container(message);
        return r;
}

static int take(Reading *reading, const char *key, sd_bus_message *message) {
        const char *contents;
        int r;

        r = sd_bus_message_peek_type(message, NULL, &contents);
        if (r < 0)
                return r;
        if (strcmp(contents, "t") == 0)
                return take_number(reading, key, message);
        if (strcmp(key, "Interfaces") == 0 && strcmp(contents, "aa{sv}") == 0)
                return take_interfaces(reading, message);
        return sd_bus_message_skip(message, "v");
}

/* 0 at the end. */
static int read_one(Samples *samples, sd_bus_message *reply) {
        Reading reading;
        const char *text;
        Name name;
        int r;

        r = sd_bus_message_enter_container(reply, 'r', "sa{sv}");
        if (r <= 0)
                return r;
        r = sd_bus_message_read_basic(reply, 's', &text);
        if (r < 0)
                return r;
        /* It goes to a terminal, and must be one. */
        r = name_parse(&name, text, NULL);
        if (r < 0)
                return r;
        reading = (Reading){.sample = samples_add(samples)};
        if (!reading.sample)
                return -ENOMEM;
        memcpy(reading.sample->name, name.text, sizeof(name.text));
        r = read_dictionary(reply, take, &reading);
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(reply);
        return r < 0 ? r : 1;
}

int samples_request(sd_bus_message **ret, sd_bus *bus, const char *prefix, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        int r;

        r = call_new(&request, bus, "GetStatistics", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "s", prefix);
        if (r < 0)
                return error_from_bus(fault, NULL, r);

        *ret = TAKE_PTR(request);
        return 0;
}

int samples_read(Samples *ret, sd_bus_message *reply, Fault *fault) {
        _cleanup_(samples_done) Samples samples = {};
        int r;

        if (sd_bus_message_is_method_error(reply, NULL))
                return error_from_bus(fault, sd_bus_message_get_error(reply), -EIO);
        r = sd_bus_message_enter_container(reply, 'a', "(sa{sv})");
        while (r > 0)
                r = read_one(&samples, reply);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        samples_sort(&samples);

        *ret = samples;
        samples = (Samples){};
        return 0;
}
