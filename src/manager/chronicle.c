/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "manager/chronicle.h"

static void add_path(LogEntry *entry, const Name *name) {
        log_field(entry, "ALBATROSS_PATH", "%.*s", (int) name_path_length(name), name->text);
}

void unikernel_log_begin(const Unikernel *unikernel,
                         LogEntry *entry,
                         int priority,
                         const char *message_id) {
        sd_id128_t invocation =
                unikernel->run ? unikernel->run->invocation : unikernel->last_invocation;
        char unit[NAME_UNIT_MAX + 1];

        log_begin(entry, priority, message_id);
        log_field(entry, "ALBATROSS_UNIKERNEL", "%s", unikernel->name.text);
        add_path(entry, &unikernel->name);
        log_field(entry, "ALBATROSS_IMAGE_DIGEST", "%s", unikernel->image.digest);
        unikernel_scope(unikernel, unit);
        log_field(entry, "OBJECT_SYSTEMD_UNIT", "%s", unit);
        if (!sd_id128_is_null(invocation))
                log_field(entry, "OBJECT_SYSTEMD_INVOCATION_ID", SD_ID128_FORMAT_STR,
                          SD_ID128_FORMAT_VAL(invocation));
}

void unikernel_log(const Unikernel *unikernel, int priority, const char *format, ...) {
        char text[LOG_TEXT_MAX + 1];
        LogEntry entry;
        va_list values;

        va_start(values, format);
        vsnprintf(text, sizeof(text), format, values);
        va_end(values);
        unikernel_log_begin(unikernel, &entry, priority, NULL);
        log_send(&entry, "%s", text);
}

void unikernel_log_created(const Unikernel *unikernel) {
        LogEntry entry;

        unikernel_log_begin(unikernel, &entry, LOG_INFO, MESSAGE_UNIKERNEL_CREATED);
        log_send(&entry, "%s is created", unikernel->name.text);
}

static void add_run(const Unikernel *unikernel, LogEntry *entry) {
        if (unikernel->tender_path)
                log_field(entry, "ALBATROSS_TENDER", "%s", unikernel->tender_path);
        log_field(entry, "ALBATROSS_PID", "%d", unikernel->run->pid);
        log_field(entry, "ALBATROSS_UID", "%" PRIu32, unikernel->run->uid);
}

void unikernel_log_started(const Unikernel *unikernel) {
        char unit[NAME_UNIT_MAX + 1];
        LogEntry entry;

        unikernel_scope(unikernel, unit);
        unikernel_log_begin(unikernel, &entry, LOG_INFO, MESSAGE_UNIKERNEL_STARTED);
        add_run(unikernel, &entry);
        log_send(&entry, "%s is started in %s, process %d", unikernel->name.text, unit,
                 unikernel->run->pid);
}

void unikernel_log_adopted(const Unikernel *unikernel) {
        LogEntry entry;

        unikernel_log_begin(unikernel, &entry, LOG_INFO, MESSAGE_UNIKERNEL_ADOPTED);
        add_run(unikernel, &entry);
        log_send(&entry, "%s runs already, process %d, and is taken over", unikernel->name.text,
                 unikernel->run->pid);
}

static const char *why(int r, const Fault *fault) {
        return fault && fault->code != FAULT_NONE ? fault->message : strerror(-r);
}

void unikernel_log_no_start(const Unikernel *unikernel, int r, const Fault *fault) {
        LogEntry entry;

        unikernel_log_begin(unikernel, &entry, LOG_NOTICE, MESSAGE_UNIKERNEL_NO_START);
        log_send(&entry, "%s could not be started: %s", unikernel->name.text, why(r, fault));
}

void unikernel_log_held(const Unikernel *unikernel, int r, const Fault *fault) {
        LogEntry entry;

        unikernel_log_begin(unikernel, &entry, LOG_WARNING, MESSAGE_UNIKERNEL_HELD);
        log_send(&entry, "%s is wanted, but could not be started, and is tried again: %s",
                 unikernel->name.text, why(r, fault));
}

static void describe_exit(Exit exit, char *ret, size_t size) {
        switch (exit.result) {
        case EXIT_CODE:
                snprintf(ret, size, "exit code %d", exit.status);
                break;
        case EXIT_SIGNAL:
        case EXIT_CORE_DUMP:
                snprintf(ret, size, "signal SIG%s",
                         sigabbrev_np(exit.status) ? sigabbrev_np(exit.status) : "?");
                break;
        case EXIT_OOM_KILL:
                snprintf(ret, size, "out of memory");
                break;
        case EXIT_STOPPED:
                snprintf(ret, size, "stopped");
                break;
        case EXIT_NONE:
        case EXIT_UNKNOWN:
        case EXIT_N_RESULTS:
        default:
                snprintf(ret, size, "nobody has seen how");
        }
}

static void add_exit(const Unikernel *unikernel, LogEntry *entry) {
        log_field(entry, "ALBATROSS_EXIT_RESULT", "%s",
                  exit_result_to_string(unikernel->last_exit.result));
        if (unikernel->last_exit.result != EXIT_UNKNOWN)
                log_field(entry, "ALBATROSS_EXIT_STATUS", "%d", unikernel->last_exit.status);
}

void unikernel_log_ended(const Unikernel *unikernel) {
        bool failed = exit_is_failure(unikernel->last_exit);
        const char *name = unikernel->name.text;
        char how[64];
        LogEntry entry;

        describe_exit(unikernel->last_exit, how, sizeof(how));
        unikernel_log_begin(unikernel, &entry, failed ? LOG_NOTICE : LOG_INFO,
                            MESSAGE_UNIKERNEL_ENDED);
        add_exit(unikernel, &entry);
        log_send(&entry, "%s has ended: %s", name, how);

        if (unikernel->state == STATE_WAITING) {
                uint64_t now_usec = clock_usec(CLOCK_MONOTONIC);
                uint64_t delay_usec =
                        unikernel->next_usec > now_usec ? unikernel->next_usec - now_usec : 0;

                unikernel_log_begin(unikernel, &entry, LOG_INFO, MESSAGE_UNIKERNEL_RESTARTING);
                add_exit(unikernel, &entry);
                log_field(&entry, "ALBATROSS_RESTARTS", "%" PRIu32, unikernel->n_restarts);
                log_field(&entry, "ALBATROSS_DELAY_USEC", "%" PRIu64, delay_usec);
                log_send(&entry, "%s is started again in %" PRIu64 " ms", name,
                         (delay_usec + 999U) / 1000U);
        } else if (unikernel->state == STATE_FAILED) {
                unikernel_log_begin(unikernel, &entry, LOG_WARNING, MESSAGE_UNIKERNEL_FAILED);
                add_exit(unikernel, &entry);
                log_field(&entry, "ALBATROSS_RESTARTS", "%" PRIu32, unikernel->n_restarts);
                log_send(&entry, "%s has failed (%s), and is not started again by itself", name,
                         how);
        }
}

void unikernel_log_changed(const Unikernel *unikernel, bool went_back) {
        LogEntry entry;

        unikernel_log_begin(unikernel, &entry, went_back ? LOG_WARNING : LOG_INFO,
                            went_back ? MESSAGE_UNIKERNEL_WENT_BACK : MESSAGE_UNIKERNEL_CHANGED);
        log_send(&entry,
                 went_back ? "%s did not stay up, and is what it was before again"
                           : "%s is changed",
                 unikernel->name.text);
}

void unikernel_log_destroyed(const Unikernel *unikernel) {
        LogEntry entry;

        unikernel_log_begin(unikernel, &entry, LOG_INFO, MESSAGE_UNIKERNEL_DESTROYED);
        log_send(&entry, "%s is destroyed", unikernel->name.text);
}

void policy_log(const Name *path, const char *message_id, const char *what) {
        LogEntry entry;

        log_begin(&entry, LOG_INFO, message_id);
        log_field(&entry, "ALBATROSS_PATH", "%s", path->text);
        log_send(&entry, "The policy %s is %s", path->text, what);
}

void block_log(const BlockDevice *device, const char *message_id, const char *what) {
        LogEntry entry;

        log_begin(&entry, LOG_INFO, message_id);
        log_field(&entry, "ALBATROSS_BLOCK_DEVICE", "%s", device->name.text);
        add_path(&entry, &device->name);
        log_send(&entry, "The block device %s is %s", device->name.text, what);
}

void quarantine_log(const char *folder, const char *file, const char *reason, const char *effect) {
        LogEntry entry;

        log_begin(&entry, LOG_ERR, MESSAGE_QUARANTINED);
        log_field(&entry, "ALBATROSS_FILE", "%s/%s", folder, file);
        log_send(&entry, "%s/%s can't be used (%s), it is moved to quarantine; %s", folder, file,
                 reason, effect);
}
