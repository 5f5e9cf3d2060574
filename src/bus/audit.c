/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "bus/audit.h"
#include "bus/service.h"
#include "systemd/log.h"
#include "systemd/messages.h"

/* Whoever asks again and again for what he may not must not make journald drop what else we say. */
#define REFUSALS_MAX   1000U
#define INTERVAL_NSECS 30

static struct {
        time_t since;
        unsigned n, n_untold;
} refusals;

static bool refusal_is_told(void) {
        struct timespec now;
        unsigned n_untold = refusals.n_untold;

        clock_gettime(CLOCK_MONOTONIC, &now);
        if (refusals.n == 0 || now.tv_sec - refusals.since >= INTERVAL_NSECS) {
                refusals.since = now.tv_sec;
                refusals.n = refusals.n_untold = 0;
                if (n_untold > 0)
                        log_print(LOG_AUTHPRIV | LOG_WARNING,
                                  "%u further requests were refused and not written down",
                                  n_untold);
        }
        if (refusals.n++ < REFUSALS_MAX)
                return true;
        refusals.n_untold++;
        return false;
}

static void add_target(const Call *call, LogEntry *entry) {
        const char *name = call->name.text;
        char unit[NAME_UNIT_MAX + 1];

        if (call->method->target != TARGET_NAME) {
                log_field(entry, "ALBATROSS_PATH", "%s", name);
                return;
        }
        log_field(entry, "ALBATROSS_PATH", "%.*s", (int) name_path_length(&call->name), name);
        if (strcmp(call->method->action, "manage-block-devices") == 0) {
                log_field(entry, "ALBATROSS_BLOCK_DEVICE", "%s", name);
                return;
        }
        log_field(entry, "ALBATROSS_UNIKERNEL", "%s", name);
        /* Who only looks must not fill what he reads with "journalctl -u". */
        if (strcmp(call->method->action, "manage-unikernels") != 0)
                return;
        name_scope(&call->name, unit);
        log_field(entry, "OBJECT_SYSTEMD_UNIT", "%s", unit);
}

void audit(const Call *call, int error) {
        const char *bus_name = sd_bus_message_get_sender(call->message);
        char who[64] = "somebody who has gone";
        LogEntry entry;

        if (error < 0 && !refusal_is_told())
                return;
        log_begin(&entry, LOG_AUTHPRIV | (error < 0 ? LOG_NOTICE : LOG_INFO),
                  error < 0 ? MESSAGE_REFUSED : MESSAGE_ALLOWED);
        entry.is_kept = true;
        if (call->has_caller) {
                snprintf(who, sizeof(who), "user %" PRIu32 ", process %" PRIu32, call->caller_uid,
                         call->caller_pid);
                log_field(&entry, "ALBATROSS_CALLER_UID", "%" PRIu32, call->caller_uid);
                if (call->caller_pid > 0)
                        log_field(&entry, "ALBATROSS_CALLER_PID", "%" PRIu32, call->caller_pid);
        }
        if (bus_name)
                log_field(&entry, "ALBATROSS_CALLER", "%s", bus_name);
        log_field(&entry, "ALBATROSS_ACTION", "%s", call->method->action);
        log_field(&entry, "ALBATROSS_VERB", "%s", call->verb);
        add_target(call, &entry);
        log_send(&entry, "%s, %s %s%s, is asked for by %s: %s", call->method->action, call->verb,
                 call->name.text, call->method->target == TARGET_PREFIX ? ":" : "", who,
                 error == 0         ? "allowed"
                 : error == -EACCES ? "refused"
                                    : "refused, since nobody could be asked");
}
