/* SPDX-License-Identifier: ISC */

/*
 * org.freedesktop.LogControl1, for "systemctl service-log-level albatrossd". Only root may change
 * anything. sd-bus would find out who asks by a call that waits for its answer, so that it is told
 * not to; and who asks is known by the time a message gets here.
 */

#include "bus/service.h"
#include "systemd/log.h"

static int append_text(sd_bus_message *reply, const char *text) {
        return sd_bus_message_append_basic(reply, 's', text);
}

static int property_get_level(sd_bus *bus,
                              const char *path,
                              const char *interface,
                              const char *property,
                              sd_bus_message *reply,
                              void *userdata,
                              sd_bus_error *error) {
        return append_text(reply, log_level_to_string());
}

static int property_get_target(sd_bus *bus,
                               const char *path,
                               const char *interface,
                               const char *property,
                               sd_bus_message *reply,
                               void *userdata,
                               sd_bus_error *error) {
        return append_text(reply, log_target_to_string());
}

static int property_get_identifier(sd_bus *bus,
                                   const char *path,
                                   const char *interface,
                                   const char *property,
                                   sd_bus_message *reply,
                                   void *userdata,
                                   sd_bus_error *error) {
        return append_text(reply, log_identifier());
}

static int read_word(BusService *service,
                     sd_bus_message *value,
                     const char **ret,
                     sd_bus_error *error) {
        if (!bus_sender_is_root(service, value))
                return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
                                        "Only root may change how albatrossd logs");
        return sd_bus_message_read_basic(value, 's', ret);
}

static int property_set_level(sd_bus *bus,
                              const char *path,
                              const char *interface,
                              const char *property,
                              sd_bus_message *value,
                              void *userdata,
                              sd_bus_error *error) {
        const char *word;
        int r;

        r = read_word(userdata, value, &word, error);
        if (r < 0)
                return r;
        if (log_set_level(word) < 0)
                return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
                                         "There is no log level \"%s\"", word);
        log_print(LOG_NOTICE, "The log level is %s now", word);
        return 0;
}

static int property_set_target(sd_bus *bus,
                               const char *path,
                               const char *interface,
                               const char *property,
                               sd_bus_message *value,
                               void *userdata,
                               sd_bus_error *error) {
        const char *word;
        int r;

        r = read_word(userdata, value, &word, error);
        if (r < 0)
                return r;
        if (log_set_target(word) < 0)
                return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
                                         "albatrossd logs to \"journal\" or \"console\", not to "
                                         "\"%s\"",
                                         word);
        return 0;
}

const sd_bus_vtable log_control_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_WRITABLE_PROPERTY("LogLevel",
                                 "s",
                                 property_get_level,
                                 property_set_level,
                                 0,
                                 SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_WRITABLE_PROPERTY("LogTarget",
                                 "s",
                                 property_get_target,
                                 property_set_target,
                                 0,
                                 SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("SyslogIdentifier", "s", property_get_identifier, 0, 0),
        SD_BUS_VTABLE_END,
};
