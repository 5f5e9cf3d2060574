/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "bus/length.h"

/* What a value takes beside its text: its own length, or its number, and padding. */
#define VALUE_LENGTH 8U

static int charge(size_t *left, size_t length) {
        if (length > *left)
                return -EMSGSIZE;
        *left -= length;
        return 0;
}

static int charge_basic(sd_bus_message *message, char type, size_t *left) {
        union {
                const char *text;
                uint64_t number;
        } value;
        bool is_text = strchr("sog", type);
        int r;

        r = sd_bus_message_read_basic(message, type, &value);
        if (r < 0)
                return r;
        return charge(left, VALUE_LENGTH + (is_text ? strlen(value.text) : 0));
}

/* Goes down no deeper than D-Bus lets containers be in each other: 64. */
static int charge_all(sd_bus_message *message, size_t *left) {
        const char *contents;
        char type;
        int r;

        while ((r = sd_bus_message_peek_type(message, &type, &contents)) > 0) {
                if (!contents)
                        r = charge_basic(message, type, left);
                else {
                        r = charge(left, VALUE_LENGTH + strlen(contents));
                        if (r >= 0)
                                r = sd_bus_message_enter_container(message, type, contents);
                        if (r >= 0)
                                r = charge_all(message, left);
                        if (r >= 0)
                                r = sd_bus_message_exit_container(message);
                }
                if (r < 0)
                        return r;
        }
        return r;
}

bool message_is_longer(sd_bus_message *message, size_t max) {
        const char *path = sd_bus_message_get_path(message);
        size_t left = max;
        int r;

        r = charge(&left, path ? strlen(path) : 0);
        if (r >= 0)
                r = charge_all(message, &left);
        (void) sd_bus_message_rewind(message, true);
        /* One that can't be read is refused by who reads it. */
        return r == -EMSGSIZE;
}
